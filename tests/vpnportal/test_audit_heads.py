"""What the portal learns of the boxes' audit trails."""

from __future__ import annotations

import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.vpnportal.box import Answer, Box
from tests.vpnportal.portal import RunningPortal
from tests.vpnportal.samples import VISIT_AT
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.audit_head import HEADER_AUDIT_HEAD, read_head, sign_head
from visitbridge.protocols.datacentre.common import HEADER_KEY
from visitbridge.protocols.datacentre.uploads import Recognition
from vpnportal.audit_heads import KeptHead, kept_head

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
FIRST, SECOND = "1" * 64, "2" * 64


async def upload(box: Box, key: str, head: str) -> Answer:
    body = Recognition(
        card_no="900000000001", id_no="A123456788", recognised_at=VISIT_AT, visit_id=key, offline=True
    )
    return await box.ask("POST", "/recognitions", body, headers={HEADER_KEY: key, HEADER_AUDIT_HEAD: head})


async def kept(portal: RunningPortal) -> KeptHead:
    device_id = portal.device.device_id
    found = await portal.database.run(lambda tx: kept_head(tx, device_id))
    assert found is not None
    return found


async def test_the_newest_head_is_kept(portal: RunningPortal, box: Box) -> None:
    assert (await upload(box, "k1", sign_head(7, FIRST, KEY))).status < 300
    assert (await upload(box, "k2", sign_head(9, SECOND, KEY))).status < 300
    assert (await upload(box, "k3", sign_head(8, FIRST, KEY))).status < 300

    found = await kept(portal)
    assert (found.head.number, found.head.chain, found.regressions) == (9, SECOND, 0)


@pytest.mark.parametrize(
    "after",
    [sign_head(300, SECOND, KEY), sign_head(12, FIRST, KEY), sign_head(301, FIRST, OTHER)],
    ids=["the same row with another value", "set back", "another key"],
)
async def test_a_trail_that_does_not_go_on_is_noted_and_the_upload_taken(
    portal: RunningPortal, box: Box, after: str
) -> None:
    assert (await upload(box, "k1", sign_head(300, FIRST, KEY))).status < 300
    assert (await upload(box, "k2", after)).status < 300

    assert (await kept(portal)).regressions == 1


@pytest.mark.parametrize(
    "head",
    [
        "",
        "7",
        sign_head(7, FIRST, KEY).replace("7:", "8:", 1),
        sign_head(7, FIRST, KEY).replace(FIRST, SECOND),
        sign_head(7, FIRST, KEY)[:-2] + "00",
    ],
    ids=["empty", "no signature", "another number", "another value", "another signature"],
)
async def test_a_head_that_is_not_the_boxs_is_refused(box: Box, head: str) -> None:
    (await upload(box, "k1", head)).problem(400, "malformed")


def test_the_header_is_what_the_protocol_says() -> None:
    head = sign_head(7, FIRST, KEY)

    # The public key of RFC 8032's scheme for the secret 000102…1f.
    public = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
    assert re.fullmatch(rf"7:{FIRST}:{public}:[0-9a-f]{{128}}", head)
    assert read_head(head).key_hex == public
    with pytest.raises(FieldInvalid):
        read_head(head.upper())
