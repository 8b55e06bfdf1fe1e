"""Deny by default, and what every answer carries (data-centre.md §1.5, §1.8, §2)."""

from __future__ import annotations

import datetime as dt
import gzip

import pytest

from tests.vpnportal.box import Box
from tests.vpnportal.portal import RunningPortal
from tests.vpnportal.samples import OFFLINE_VISIT, upload_of
from visitbridge.protocols.datacentre.common import HEADER_KEY, Receipt, digest_of

CALLS = [
    ("GET", "/device"),
    ("POST", "/device/health"),
    ("POST", "/device/certificate"),
    ("POST", "/device/erasure"),
    ("POST", "/device/dataset-group"),
    ("POST", "/audit"),
    ("GET", "/announcements"),
    ("GET", "/roots"),
    ("POST", "/sam/verify"),
    ("POST", "/staff/sessions"),
    ("POST", "/staff/sessions/x/answers"),
    ("DELETE", "/staff/sessions"),
    ("POST", "/cards/sessions"),
    ("POST", "/cards/sessions/x/answers"),
    ("DELETE", "/cards/sessions/x"),
    ("GET", "/receipts/x"),
    ("POST", "/receipts/missing"),
    ("POST", "/handoffs/refused"),
    ("POST", "/visits"),
    ("POST", "/visits/precheck"),
    ("POST", "/ic-records"),
    ("POST", "/ic-records/precheck"),
    ("POST", "/recognitions"),
    ("POST", "/deliveries"),
    ("GET", "/datasets"),
    ("GET", "/datasets/x/y"),
    ("POST", "/eligibility"),
    ("POST", "/records/query"),
    ("POST", "/records/batch"),
]
WITHOUT_SAM = {
    "/device",
    "/device/health",
    "/device/certificate",
    "/device/erasure",
    "/audit",
    "/announcements",
    "/roots",
    "/sam/verify",
    "/receipts/x",
    "/receipts/missing",
    "/handoffs/refused",
}
SIGNING_OUT = [("DELETE", "/staff/sessions"), ("DELETE", "/cards/sessions/x")]
NEED_SAM = [call for call in CALLS if call[1] not in WITHOUT_SAM and call not in SIGNING_OUT]


def test_the_list_of_calls_is_whole(portal: RunningPortal) -> None:
    assert {(method, path) for method, path in portal.routes()} == {
        (
            method,
            path.replace("/x/y", "/{name}/{version}")
            .replace("receipts/x", "receipts/{key}")
            .replace("/x", "/{session_id}"),
        )
        for method, path in [*CALLS, ("POST", "/bind")]
    }


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_nothing_but_binding_is_for_strangers(stranger: Box, method: str, path: str) -> None:
    (await stranger.ask(method, path)).problem(401, "certificate_required")


@pytest.mark.parametrize(("method", "path"), NEED_SAM)
async def test_without_the_sam_there_is_only_asking(bound: Box, method: str, path: str) -> None:
    assert (await bound.ask(method, path)).problem(403, "sam_required").retry == "later"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/device", 200),
        ("GET", "/nowhere", 404),
        ("PUT", "/device", 405),
        ("POST", "/receipts/missing", 400),
    ],
)
async def test_every_answer_tells_epoch_and_time(
    portal: RunningPortal, box: Box, method: str, path: str, status: int
) -> None:
    portal.pass_time(dt.timedelta(milliseconds=1234))
    answer = await box.ask(method, path)
    assert answer.status == status
    assert answer.headers["DC-Epoch"] == portal.database.epoch
    assert answer.headers["DC-Time"] == "2026-11-23T02:00:01.234Z"


async def test_an_error_on_this_side_is_unknown_and_says_nothing_of_the_person(
    portal: RunningPortal, box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    portal.break_table("uploads")
    body = upload_of(OFFLINE_VISIT, portal.device.sam.sam_id)
    answer = await box.send("/visits", "k-1", body)
    assert answer.problem(500, "unavailable").retry == "unknown"
    assert "A123456788" not in caplog.text + answer.body.decode()
    assert "OperationalError" in caplog.text


@pytest.mark.parametrize("key", ["", "x" * 65, "a b", "a/b", "鍵"])
async def test_a_key_must_be_well_formed(box: Box, key: str) -> None:
    answer = await box.ask("POST", "/visits", b"{}", headers={HEADER_KEY: key})
    assert answer.problem(400, "malformed").field == HEADER_KEY


async def test_a_body_over_the_limit_is_refused(box: Box) -> None:
    answer = await box.send("/visits", "k-1", b" " * (4 * 1024 * 1024 + 1))
    answer.problem(413, "malformed")


async def test_a_compressed_body_counts_as_what_it_holds(portal: RunningPortal, box: Box) -> None:
    body = upload_of(OFFLINE_VISIT, portal.device.sam.sam_id)
    headers = {HEADER_KEY: "k-1", "Content-Encoding": "gzip"}
    receipt = (await box.ask("POST", "/visits", gzip.compress(body), headers=headers)).as_(Receipt)
    assert receipt.digest == digest_of(body)


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"[]", 400), (b"{", 400), (b"{}", 400), (b'{"a":"' + b"x" * 20000 + b'"}', 413)],
)
async def test_health_that_is_no_report_is_refused(bound: Box, body: bytes, status: int) -> None:
    (await bound.ask("POST", "/device/health", body)).problem(status, "malformed")
