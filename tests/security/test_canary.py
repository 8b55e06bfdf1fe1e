"""A canary patient's visit through the real programs: no trace outside the encrypted store; no trace of the PIN at all."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import sqlite3
import ssl
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from tests.scenario.day import Day
from tests.security import canary
from visitbridge.protocols.health import BoxHealth
from visitbridge.protocols.support import open_bundle
from visitbridge.sim.lab.client import open_lab_client
from visitbridge.sim.lab.lab import LabOptions, RunningLab, open_lab
from vpnportal.handoff import load_handoff_key

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(slots=True)
class Afterwards:
    """What a day left behind. ``answers``: heads of all answers and bodies of refusals. ``support``: a support bundle, base64.
    ``health``: as phones and Prometheus read it, and as the institution was told.
    """

    lab: RunningLab
    memory: list[str]
    answers: list[bytes] = field(default_factory=list)
    support: str = ""
    health: list[bytes] = field(default_factory=list)

    @property
    def box(self) -> Path:
        return self.lab.places.box


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[True, False], ids=["pcscd", "sockets"])
async def after(request: pytest.FixtureRequest) -> AsyncIterator[Afterwards]:
    patched = pytest.MonkeyPatch()
    patients, staff = canary.canaries()
    patched.setattr("visitbridge.sim.card.NHI_PROFILES", patients)
    patched.setattr("visitbridge.sim.card.HPC_PROFILES", staff)
    with tempfile.TemporaryDirectory(prefix="vb-can-") as folder:
        options = LabOptions(directory=Path(folder), port=18643, use_pcscd=request.param)
        async with open_lab(options) as lab, open_lab_client(lab.places.root) as control:
            day = Day(lab.phone, control, lab.places, lab.facts)
            await day.begin()
            refused = await day.sign_in(pin="00000000")
            assert refused["code"] == "GW-CRD-06"
            await day.sign_in(pin=canary.PIN)
            pid = lab.gateway.child.pid
            assert pid is not None
            assert await asyncio.to_thread(canary.memory_hits, pid, str(lab.places.box).encode()) != []
            memory = await asyncio.to_thread(canary.memory_hits, pid, canary.PIN_NEEDLE)
            found = Afterwards(lab, memory)
            await visit(day, found)
            found.health = await told_health(day, lab)
            found.support = (await day.call("POST", "/api/support-bundle"))["content"]
            yield found
    patched.undo()


async def told_health(day: Day, lab: RunningLab) -> list[bytes]:
    trust = ssl.create_default_context(cafile=lab.facts.ca_file)
    cookie = {"Cookie": f"__Host-vb={day.phone.session}"}
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session,
        session.get(lab.facts.url.rstrip("/") + "/metrics", headers=cookie) as metrics,
    ):
        assert metrics.status == 200
        health = msgspec.convert(await day.call("GET", "/api/health"), BoxHealth)
        return [await metrics.read(), msgspec.json.encode(health)]


async def visit(day: Day, found: Afterwards) -> None:
    slot = await day.insert("patient-wang")
    assert slot["patient"]["name"] == canary.NAME
    started = await day.start()
    (icd, *_) = await day.call("GET", "/api/catalogue/icd10?q=高血壓")
    diagnosis = {"code": icd["code"], "name_zh": icd["name_zh"]}
    typed = {"subjective": canary.COMPLAINT, "diagnoses": [diagnosis], "orders": []}
    await day.save(started, typed)
    await day.finish(started)
    await day.flags(started, vpn="done", ic="done")
    record = started["visit"]
    path = f"/api/visits/{record['visit_id']}"
    content = {"revision": 99, "content": typed}
    await refuse(day, found, "PUT", f"{path}/content", content)
    await refuse(day, found, "PUT", f"{path}/content", {**content, "extra": canary.NAME})
    await refuse(day, found, "POST", f"{path}/finish", {"revision": canary.ID_NO, "mode": 2})
    await refuse(day, found, "POST", "/api/visits", {"reader_id": canary.NAME})
    await refuse(day, found, "POST", "/api/staff/sessions", {"reader_id": canary.CARD_NO, "pin": canary.PIN})
    await refuse(day, found, "GET", f"/api/visits/{canary.ID_NO}", None)
    await day.pull()


async def refuse(day: Day, found: Afterwards, method: str, path: str, body: Any) -> None:
    facts = found.lab.facts
    trust = ssl.create_default_context(cafile=facts.ca_file)
    origin = facts.url.rstrip("/")
    headers = {"Origin": origin, "Cookie": f"__Host-vb={day.phone.session}"}
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session,
        session.request(method, origin + path, json=body, headers=headers) as answer,
    ):
        assert answer.status >= 400
        found.answers.append(str(answer.raw_headers).encode() + await answer.read())


async def test_the_canary_was_really_there(after: Afterwards) -> None:
    (body,) = (row[0] for row in _uploads(after))

    assert canary.found_in(body) >= {"name", "id", "card number", "complaint"}


def _uploads(after: Afterwards) -> list[tuple[bytes]]:
    with contextlib.closing(sqlite3.connect(after.lab.places.portal / "portal.db")) as database:
        return database.execute("select body from uploads where kind = 'visit'").fetchall()


async def test_refusals_repeat_nothing_of_what_was_sent(after: Afterwards) -> None:
    assert len(after.answers) == 6
    assert [canary.found_in(answer) for answer in after.answers] == [set()] * 6
    assert [answer for answer in after.answers if canary.PIN_NEEDLE in answer] == []


async def test_no_file_of_the_box_shows_the_patient_or_the_pin(after: Afterwards) -> None:
    """The store's own files are among them: encrypted, they show nothing either."""
    files = {path: path.read_bytes() for path in canary.files_below(after.box)}
    logs = {path: path.read_bytes() for path in after.lab.places.logs.glob("gateway*")}

    assert any(path.name == "store.db" for path in files)
    assert any(logs.values())
    shown = {path.name: canary.found_in(content) for path, content in (files | logs).items()}
    assert {name: found for name, found in shown.items() if found} == {}
    assert [path for path, content in (files | logs).items() if canary.PIN_NEEDLE in content] == []


async def test_the_process_has_forgotten_the_pin(after: Afterwards) -> None:
    assert after.memory == []


async def test_the_opened_support_bundle_shows_neither_the_patient_nor_the_pin(after: Afterwards) -> None:
    key = load_handoff_key(after.lab.places.portal / "keys")
    bundle = msgspec.json.encode(open_bundle(base64.b64decode(after.support), key))

    assert len(msgspec.json.decode(bundle)["logs"]) > 10
    assert canary.found_in(bundle) == set()
    assert canary.PIN_NEEDLE not in bundle
    assert b"127.0.0.1" not in bundle


async def test_what_is_told_of_the_boxs_health_shows_nobody(after: Afterwards) -> None:
    """The page's whole answer is a ``BoxHealth``, which is also what the institution is told."""
    metrics, health = after.health

    assert b"visitbridge_unsent_items 0.0" in metrics
    assert msgspec.json.decode(health)["bound"] is True
    assert [canary.found_in(told) for told in after.health] == [set(), set()]
    assert [told for told in after.health if canary.PIN_NEEDLE in told] == []
    assert [told for told in after.health if b"127.0.0.1" in told] == []
