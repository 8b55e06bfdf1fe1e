"""Binding and certificates (rows B05-B12, X25; data-centre.md §2)."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import hmac
import ssl

import aiohttp
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from sqlalchemy import select

from tests.vpnportal.box import Box, csr_of, open_box, presenting, trusting
from tests.vpnportal.portal import RunningPortal
from tests.vpnportal.samples import INSTITUTION, NOW, OFFLINE_VISIT, upload_of
from visitbridge.protocols.datacentre.common import MissingRequest, Receipt
from visitbridge.protocols.datacentre.device import DeviceStatus, RenewAnswer, RenewRequest, SamVerification
from vpnportal.bind import PIN_TRIES, TICKET_LIFE
from vpnportal.devices import revoke_certificates, set_enabled
from vpnportal.schema import tickets


def other_pin(pin: str) -> str:
    return f"{(int(pin) + 1) % 10000:04d}"


async def test_a_ticket_is_turned_into_a_certificate_of_the_box(portal: RunningPortal, stranger: Box) -> None:
    ticket = portal.issue_ticket()
    answer = await stranger.bind(ticket.token, ticket.pin)
    certificate = x509.load_pem_x509_certificate(answer.certificate_pem.encode())
    assert certificate.public_key() == stranger.key.public_key()
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == portal.device.device_id
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert (answer.institution, answer.sam.sam_id) == (INSTITUTION, portal.device.sam.sam_id)
    assert portal.device.bound_at == NOW
    assert (await stranger.ask("GET", "/device")).as_(DeviceStatus).enabled


async def test_binding_again_after_a_lost_answer_gives_the_same_one(
    portal: RunningPortal, stranger: Box
) -> None:
    ticket = portal.issue_ticket()
    request = stranger.bind_request(ticket.token, ticket.pin)
    first = await stranger.ask("POST", "/bind", request)
    second = await stranger.ask("POST", "/bind", request)
    assert (first.status, first.body) == (201, second.body)


async def test_a_used_ticket_is_worth_nothing_for_another_key(portal: RunningPortal, bound: Box) -> None:
    ticket = portal.issue_ticket()
    await bound.bind(ticket.token, ticket.pin)
    async with open_box(portal.url, portal.ca_pem) as thief:
        refused = await thief.ask("POST", "/bind", thief.bind_request(ticket.token, ticket.pin))
    refused.problem(403, "bind_refused")


async def test_of_two_boxes_at_once_one_gets_the_certificate(portal: RunningPortal, stranger: Box) -> None:
    ticket = portal.issue_ticket()
    async with open_box(portal.url, portal.ca_pem) as rival:
        answers = await asyncio.gather(
            stranger.ask("POST", "/bind", stranger.bind_request(ticket.token, ticket.pin)),
            rival.ask("POST", "/bind", rival.bind_request(ticket.token, ticket.pin)),
        )
    assert sorted(answer.status for answer in answers) == [201, 403]


async def test_wrong_numbers_are_counted_down_to_a_lock(portal: RunningPortal, stranger: Box) -> None:
    ticket = portal.issue_ticket()
    wrong = stranger.bind_request(ticket.token, other_pin(ticket.pin))
    left = [
        (await stranger.ask("POST", "/bind", wrong)).problem(403, "bind_refused").tries_left
        for _ in range(PIN_TRIES)
    ]
    assert left == [4, 3, 2, 1, 0]
    right = stranger.bind_request(ticket.token, ticket.pin)
    locked = (await stranger.ask("POST", "/bind", right)).problem(403, "bind_refused")
    assert locked.tries_left is None


async def test_V11_4_2_what_the_database_keeps_of_a_number_tells_it_to_nobody(portal: RunningPortal) -> None:
    """Without the token, which is on the paper only, none of the ten thousand numbers gives what is kept."""
    ticket = portal.issue_ticket()
    kept = portal.database.transact(lambda connection: connection.execute(select(tickets)).one())
    numbers = [f"{number:04d}".encode() for number in range(10_000)]

    with_token = [hmac.digest(ticket.token.encode(), kept.pin_salt + number, "sha256") for number in numbers]
    without = [hmac.digest(kept.token_hash.encode(), kept.pin_salt + number, "sha256") for number in numbers]

    assert with_token.index(kept.pin_hash) == int(ticket.pin)
    assert kept.pin_hash not in {
        *without,
        *(hashlib.sha256(kept.pin_salt + each).digest() for each in numbers),
    }


async def test_the_number_is_text(portal: RunningPortal, stranger: Box) -> None:
    ticket = portal.issue_ticket()
    longer = stranger.bind_request(ticket.token, f"0{ticket.pin}")
    (await stranger.ask("POST", "/bind", longer)).problem(403, "bind_refused")


@pytest.mark.parametrize("token", ["", "unknown"])
async def test_an_unknown_ticket_is_refused(stranger: Box, token: str) -> None:
    (await stranger.ask("POST", "/bind", stranger.bind_request(token, "0000"))).problem(403, "bind_refused")


async def test_a_ticket_runs_out(portal: RunningPortal, stranger: Box) -> None:
    ticket = portal.issue_ticket()
    portal.pass_time(TICKET_LIFE)
    request = stranger.bind_request(ticket.token, ticket.pin)
    (await stranger.ask("POST", "/bind", request)).problem(403, "bind_refused")


@pytest.mark.parametrize(
    ("bound_to", "status"), [("", 201), (INSTITUTION.code, 201), ("3599999999", 409), ("x", 409)]
)
async def test_a_box_that_holds_another_institutions_work_gets_no_certificate(
    portal: RunningPortal, stranger: Box, bound_to: str, status: int
) -> None:
    ticket = portal.issue_ticket()
    request = stranger.bind_request(ticket.token, ticket.pin)

    refused = await stranger.ask("POST", "/bind", msgspec.structs.replace(request, bound_to=bound_to))
    afterwards = await stranger.ask("POST", "/bind", request)

    assert (refused.status, afterwards.status) == (status, 201), "the ticket is as good as before"


async def test_whose_work_a_box_holds_is_not_told_to_who_lacks_the_number(
    portal: RunningPortal, stranger: Box
) -> None:
    ticket = portal.issue_ticket()
    request = stranger.bind_request(ticket.token, other_pin(ticket.pin))

    refused = await stranger.ask("POST", "/bind", msgspec.structs.replace(request, bound_to="3599999999"))

    refused.problem(403, "bind_refused")


async def test_a_newer_ticket_replaces_an_older_one(portal: RunningPortal, stranger: Box) -> None:
    old, new = portal.issue_ticket(), portal.issue_ticket()
    assert old.token != new.token
    request = stranger.bind_request(old.token, old.pin)
    (await stranger.ask("POST", "/bind", request)).problem(403, "bind_refused")


async def test_many_tries_in_a_minute_are_slowed_down(portal: RunningPortal, stranger: Box) -> None:
    request = stranger.bind_request("unknown", "0000")
    statuses = [(await stranger.ask("POST", "/bind", request)).status for _ in range(20)]
    limited = await stranger.ask("POST", "/bind", request)
    assert set(statuses) == {403}
    assert limited.problem(429, "rate_limited").retry == "later"
    assert 1 <= int(limited.headers["Retry-After"]) <= 61


@pytest.mark.parametrize(
    "csr_pem", ["", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "é"]
)
async def test_a_request_that_is_no_csr_is_malformed(
    portal: RunningPortal, stranger: Box, csr_pem: str
) -> None:
    ticket = portal.issue_ticket()
    request = msgspec.structs.replace(stranger.bind_request(ticket.token, ticket.pin), csr_pem=csr_pem)
    assert (await stranger.ask("POST", "/bind", request)).problem(400, "malformed").field == "csr_pem"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("sheet_id", "box"),
        ("name", "a\x00b"),
        ("kind", "x" * 81),
        ("os_version", "\n"),
        ("software_version", "\x1b[0m"),
    ],
)
async def test_a_box_must_describe_itself_in_plain_text(
    portal: RunningPortal, stranger: Box, member: str, value: str
) -> None:
    ticket = portal.issue_ticket()
    request = stranger.bind_request(ticket.token, ticket.pin)
    device = msgspec.structs.replace(request.device, **{member: value})
    answer = await stranger.ask("POST", "/bind", msgspec.structs.replace(request, device=device))
    assert answer.problem(400, "malformed").field == f"device.{member}"


async def test_a_key_of_another_curve_is_refused(portal: RunningPortal, stranger: Box) -> None:
    ticket = portal.issue_ticket()
    csr_pem = csr_of(ec.generate_private_key(ec.SECP384R1()))
    request = msgspec.structs.replace(stranger.bind_request(ticket.token, ticket.pin), csr_pem=csr_pem)
    assert (await stranger.ask("POST", "/bind", request)).problem(400, "malformed").field == "csr_pem"


async def test_a_disabled_device_is_not_bound(portal: RunningPortal, stranger: Box) -> None:
    ticket, device_id = portal.issue_ticket(), portal.device.device_id
    portal.database.transact(lambda connection: set_enabled(connection, device_id, enabled=False))
    request = stranger.bind_request(ticket.token, ticket.pin)
    (await stranger.ask("POST", "/bind", request)).problem(403, "device_disabled")


async def test_binding_anew_ends_the_older_certificate(portal: RunningPortal, bound: Box) -> None:
    old = bound.context
    bound.key = ec.generate_private_key(ec.SECP256R1())
    ticket = portal.issue_ticket()
    await bound.bind(ticket.token, ticket.pin)
    assert (await bound.ask("GET", "/device")).status == 200
    bound.context = old
    (await bound.ask("GET", "/device")).problem(401, "certificate_refused")


async def test_a_certificate_is_renewed_and_the_present_one_stays_good(bound: Box) -> None:
    old, key = bound.context, ec.generate_private_key(ec.SECP256R1())
    request = RenewRequest(csr_pem=csr_of(key))
    renewed = (await bound.ask("POST", "/device/certificate", request)).as_(RenewAnswer)
    again = (await bound.ask("POST", "/device/certificate", request)).as_(RenewAnswer)
    assert renewed == again
    bound.use(renewed.certificate_pem, key)
    assert (await bound.ask("GET", "/device")).status == 200
    bound.context = old
    assert (await bound.ask("GET", "/device")).status == 200


async def test_a_certificate_ends(portal: RunningPortal, bound: Box) -> None:
    portal.pass_time(dt.timedelta(days=400))
    (await bound.ask("GET", "/device")).problem(401, "certificate_refused")


async def test_a_revoked_certificate_is_refused(portal: RunningPortal, bound: Box) -> None:
    device_id = portal.device.device_id
    portal.database.transact(lambda connection: revoke_certificates(connection, device_id, NOW))
    (await bound.ask("GET", "/device")).problem(401, "certificate_refused")


async def test_a_disabled_box_learns_it_may_ask_and_begins_nothing(portal: RunningPortal, box: Box) -> None:
    device_id = portal.device.device_id
    portal.database.transact(lambda connection: set_enabled(connection, device_id, enabled=False))
    status = (await box.ask("GET", "/device")).as_(DeviceStatus)
    assert (status.enabled, status.orders, status.erase) == (False, ("disable",), None)
    assert (await box.ask("GET", "/receipts/k-1")).status == 200
    assert (await box.ask("POST", "/receipts/missing", MissingRequest(keys=()))).status == 200
    for path in (
        "/staff/sessions",
        "/cards/sessions",
        "/records/query",
        "/eligibility",
        "/device/certificate",
    ):
        (await box.ask("POST", path)).problem(403, "device_disabled")
    (await box.ask("GET", "/datasets")).problem(403, "device_disabled")


async def test_what_a_disabled_box_recorded_before_still_comes_in(portal: RunningPortal, bound: Box) -> None:
    device_id = portal.device.device_id
    portal.database.transact(lambda connection: set_enabled(connection, device_id, enabled=False))
    assert (await bound.ask("POST", "/sam/verify")).status == 200
    sent = await bound.send("/visits", "k-1", upload_of(OFFLINE_VISIT, portal.device.sam.sam_id))
    assert sent.as_(Receipt).key == "k-1"


async def test_an_enabled_box_works_again(portal: RunningPortal, box: Box) -> None:
    device_id = portal.device.device_id
    portal.database.transact(lambda connection: set_enabled(connection, device_id, enabled=False))
    portal.database.transact(lambda connection: set_enabled(connection, device_id, enabled=True))
    assert (await box.ask("GET", "/datasets")).status == 200


async def test_the_sam_counts_until_midnight_in_taipei(portal: RunningPortal, bound: Box) -> None:
    first = (await bound.ask("POST", "/sam/verify")).as_(SamVerification)
    assert first.verified_at == NOW
    assert first.valid_until == dt.datetime(2026, 11, 23, 16, 0, tzinfo=dt.UTC)
    portal.pass_time(dt.timedelta(hours=14) - dt.timedelta(seconds=1))
    assert (await bound.ask("POST", "/sam/verify")).as_(SamVerification).verified_at == NOW
    assert (await bound.ask("GET", "/datasets")).status == 200
    portal.pass_time(dt.timedelta(seconds=1))
    assert (await bound.ask("GET", "/datasets")).problem(403, "sam_required").retry == "later"


async def test_a_certificate_of_another_authority_does_not_pass_tls(
    portal: RunningPortal, bound: Box, foreign_certificate: str
) -> None:
    bound.context = presenting(portal.ca_pem, foreign_certificate, bound.key)
    with pytest.raises((aiohttp.ClientError, ssl.SSLError)):
        await bound.ask("GET", "/device")


async def test_an_unknown_certificate_of_our_own_authority_is_refused(
    portal: RunningPortal, bound: Box
) -> None:
    forged = portal.certify(bound.key.public_key())
    bound.use(forged, bound.key)
    (await bound.ask("GET", "/device")).problem(401, "certificate_refused")


async def test_the_portal_proves_who_it_is_and_no_older_tls_is_spoken(
    portal: RunningPortal, bound: Box
) -> None:
    bound.context = ssl.create_default_context()
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await bound.ask("GET", "/device")
    bound.context = trusting(portal.ca_pem)
    bound.context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(aiohttp.ClientError):
        await bound.ask("GET", "/device")


async def test_a_box_cannot_pass_for_the_portal(portal: RunningPortal, bound: Box) -> None:
    assert bound.bound is not None
    leaf = x509.load_pem_x509_certificate(bound.bound.certificate_pem.encode())
    server_authority = x509.load_pem_x509_certificate(portal.ca_pem.encode())
    assert leaf.issuer != server_authority.subject
