"""What the portal learns of the boxes' audit trails."""

from __future__ import annotations

import re

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.vpnportal.box import Answer, Box
from tests.vpnportal.portal import RunningPortal
from tests.vpnportal.samples import VISIT_AT
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.audit_head import HEADER_AUDIT_HEAD, SignedHead, read_head, sign_head
from visitbridge.protocols.datacentre.common import HEADER_KEY
from visitbridge.protocols.datacentre.device import BindAnswer
from visitbridge.protocols.datacentre.uploads import Recognition
from vpnportal.audit_heads import list_alerts, mark_seen, newest_head

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
FIRST, SECOND = "1" * 64, "2" * 64


async def upload(box: Box, key: str, head: str) -> Answer:
    body = Recognition(
        card_no="900000000001", id_no="A123456788", recognised_at=VISIT_AT, visit_id=key, offline=True
    )
    headers = {HEADER_KEY: key} | ({HEADER_AUDIT_HEAD: head} if head else {})
    return await box.ask("POST", "/recognitions", body, headers=headers)


def alerts(portal: RunningPortal, *, with_seen: bool = False) -> list[tuple[str, int, int]]:
    found = portal.database.transact(lambda connection: list_alerts(connection, with_seen=with_seen))
    return [(alert.kind, alert.number, alert.known_number) for alert in found]


def newest(portal: RunningPortal) -> SignedHead | None:
    device = portal.device
    return portal.database.transact(
        lambda connection: newest_head(connection, device.device_id, device.sheet_id)
    )


async def test_the_newest_head_is_kept(portal: RunningPortal, box: Box) -> None:
    assert (await upload(box, "k1", sign_head(7, FIRST, KEY))).status < 300
    assert (await upload(box, "k2", sign_head(9, SECOND, KEY))).status < 300
    assert (await upload(box, "k3", sign_head(8, FIRST, KEY))).status < 300

    found = newest(portal)
    assert found is not None
    assert (found.number, found.chain, alerts(portal)) == (9, SECOND, [])


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        (sign_head(300, SECOND, KEY), ("fork", 300, 300)),
        (sign_head(12, FIRST, KEY), ("step_back", 12, 300)),
        (sign_head(301, FIRST, OTHER), ("other_key", 301, 300)),
        ("", ("missing", 0, 300)),
    ],
    ids=["the same row with another value", "set back", "another key", "none at all"],
)
async def test_a_trail_that_does_not_go_on_raises_one_alert_and_the_uploads_are_taken(
    portal: RunningPortal, box: Box, after: str, kind: tuple[str, int, int]
) -> None:
    assert (await upload(box, "k1", sign_head(300, FIRST, KEY))).status < 300
    assert (await upload(box, "k2", after)).status < 300
    assert (await upload(box, "k3", after)).status < 300

    assert alerts(portal) == [kind]


async def test_a_trail_written_anew_shows_at_a_number_told_long_ago(portal: RunningPortal, box: Box) -> None:
    for number in (100, 150, 280):
        await upload(box, f"k{number}", sign_head(number, FIRST, KEY))
    await upload(box, "k", sign_head(150, SECOND, KEY))

    assert alerts(portal) == [("fork", 150, 280)]


async def test_a_box_that_never_told_a_head_is_an_older_one(portal: RunningPortal, box: Box) -> None:
    assert (await upload(box, "k1", "")).status < 300

    assert alerts(portal) == []


async def test_the_next_life_of_a_box_begins_a_trail_of_its_own(portal: RunningPortal, box: Box) -> None:
    await upload(box, "k1", sign_head(300, FIRST, KEY))
    box.key = ec.generate_private_key(ec.SECP256R1())
    ticket = portal.issue_ticket()
    again = box.bind_request(ticket.token, ticket.pin)
    again = msgspec.structs.replace(
        again,
        device=msgspec.structs.replace(again.device, sheet_id="22222222-2222-4222-8222-222222222222"),
    )
    bound = (await box.ask("POST", "/bind", again)).as_(BindAnswer)
    box.use(bound.certificate_pem, box.key)
    assert (await upload(box, "k2", sign_head(3, SECOND, OTHER))).status < 300

    assert alerts(portal) == []


async def test_an_alert_stays_on_record_after_it_was_taken_care_of(portal: RunningPortal, box: Box) -> None:
    await upload(box, "k1", sign_head(300, FIRST, KEY))
    await upload(box, "k2", sign_head(300, SECOND, KEY))
    (alert,) = portal.database.transact(list_alerts)
    portal.database.transact(lambda connection: mark_seen(connection, alert.alert_id, portal.clock.now()))

    assert alerts(portal) == []
    assert alerts(portal, with_seen=True) == [("fork", 300, 300)]
    with pytest.raises(FieldInvalid):
        portal.database.transact(lambda connection: mark_seen(connection, alert.alert_id, portal.clock.now()))


@pytest.mark.parametrize(
    "head",
    [
        "x",
        "7",
        sign_head(7, FIRST, KEY).replace("7:", "8:", 1),
        sign_head(7, FIRST, KEY).replace(FIRST, SECOND),
        sign_head(7, FIRST, KEY)[:-2] + "00",
    ],
    ids=["nothing of the kind", "no signature", "another number", "another value", "another signature"],
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
