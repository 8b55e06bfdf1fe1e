"""Every state of the modem has its hop, and every hop its words."""

from __future__ import annotations

import pytest

from visitbridge.domain.modem import ModemState
from visitbridge.services.link.hops import MODEM_HOPS, NEAR_HOPS
from visitbridge.words import LANGUAGES, load_catalogue

FAR_HOPS = {"network", "dns", "host", "tls", "data_centre", "device_disabled", "not_bound"} | {
    "bound_elsewhere",
    "starting",
}


def test_no_state_is_forgotten() -> None:
    assert MODEM_HOPS.keys() == set(ModemState)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("hop", sorted(NEAR_HOPS | FAR_HOPS))
def test_every_hop_has_words(language: str, hop: str) -> None:
    assert load_catalogue().texts(language)[f"ui.hop.{hop}"]
