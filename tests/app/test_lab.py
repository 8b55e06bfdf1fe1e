"""The lab's routes pass requests on to the lab's socket, and exist nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.app.box import RunningBox, config_for, running_box


class FakeLab:
    """Answers on a unix socket and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.status = 200

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        self.asked.append((request.method, request.path, body))
        return web.json_response({"cards": ["a"]}, status=self.status)


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[FakeLab]:
    fake = FakeLab()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", fake.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "lab.sock")).start()
    yield fake
    await runner.cleanup()


@pytest.fixture
async def box(tmp_path: Path, lab: FakeLab) -> AsyncIterator[RunningBox]:
    async with running_box(config_for(tmp_path, lab=tmp_path / "lab.sock")) as running:
        await running.pair()
        yield running


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/state", None),
        ("POST", "/cards/nhi-1/insert", {"reader_id": "virtual-1"}),
        ("POST", "/readers/virtual-1/pull", {}),
        ("POST", "/link", {"mode": "slow", "delay_ms": 1500}),
        ("DELETE", "/portal/faults", None),
        ("GET", "/cards/nhi-1/memory", None),
    ],
)
async def test_a_request_reaches_the_lab_as_it_is(
    box: RunningBox, lab: FakeLab, method: str, path: str, body: Any
) -> None:
    status, answer = await box.ask(method, f"/api/lab{path}", json=body)

    assert (status, answer) == (200, {"cards": ["a"]})
    assert lab.asked == [(method, path, body)]


@pytest.mark.parametrize("card", ["..", "a%2Fb", "%2e%2e", "a b", "?x", "-x"])
async def test_an_id_cannot_lead_elsewhere(box: RunningBox, lab: FakeLab, card: str) -> None:
    status, _ = await box.ask("GET", f"/api/lab/cards/{card}/memory")

    assert status == 404
    assert lab.asked == []


@pytest.mark.parametrize(("theirs", "ours"), [(404, 404), (422, 422), (409, 400), (500, 400)])
async def test_a_refusal_of_the_lab_is_told(box: RunningBox, lab: FakeLab, theirs: int, ours: int) -> None:
    lab.status = theirs

    assert (await box.ask("GET", "/api/lab/state"))[0] == ours


async def test_a_lab_that_is_gone_is_an_error_of_its_own(tmp_path: Path) -> None:
    async with running_box(config_for(tmp_path, lab=tmp_path / "absent.sock")) as running:
        await running.pair()
        status, body = await running.ask("GET", "/api/lab/state")

    assert (status, body["error"]["code"]) == (503, "GW-DEV-00")


async def test_outside_a_lab_there_are_no_such_routes(tmp_path: Path) -> None:
    async with running_box(config_for(tmp_path)) as running:
        await running.pair()
        status, _ = await running.ask("GET", "/api/lab/state")

    assert status == 404
