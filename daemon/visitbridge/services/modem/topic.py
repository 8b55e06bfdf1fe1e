"""The live topic ``modem``: what phones and the environment page show of it."""

from __future__ import annotations

import datetime as dt

import msgspec

from visitbridge.domain.modem import ModemIdentity, ModemState
from visitbridge.services.modem.reading import Reading
from visitbridge.services.modem.recovery import Climb


class ModemTopic(msgspec.Struct, frozen=True, kw_only=True):
    """``bars`` 0 to 4. ``recovery``: the last rung climbed (``reattach`` … ``reboot``), empty for none."""

    state: ModemState
    operator: str = ""
    bars: int | None = None
    model: str = ""
    recovery: str = ""
    recovery_at: dt.datetime | None = None
    refused_cme: int | None = None


def topic_of(
    state: ModemState,
    reading: Reading | None,
    identity: ModemIdentity | None,
    *,
    climb: Climb | None,
    refused_cme: int | None,
) -> ModemTopic:
    return ModemTopic(
        state=state,
        operator="" if reading is None else reading.operator,
        bars=None if reading is None else reading.signal.bars,
        model="" if identity is None else identity.model,
        recovery="" if climb is None else climb.rung.name.lower(),
        recovery_at=None if climb is None else climb.at,
        refused_cme=refused_cme,
    )
