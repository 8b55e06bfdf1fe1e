"""A day with a real box: its phone, the lab's switches, and what can be seen from outside.

What a test asserts comes from the public API, from the virtual cards' memory files and from the portal's own
database, never from the gateway's logs or store.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import ssl
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from tests.patience import PATIENCE_S
from visitbridge.sim.card import CardSnapshot, build_card
from visitbridge.sim.card.profiles import LAB_PIN
from visitbridge.sim.lab.client import ApiRefused, LabClient, PhoneClient, bind_box, open_lab_client
from visitbridge.sim.lab.gateway import GatewayFacts
from visitbridge.sim.lab.lab import LabOptions, open_lab
from visitbridge.sim.lab.phone import open_lab_phone
from visitbridge.sim.lab.places import Places

Json = Any

_ASK_AGAIN_S = 0.05
_PORT = 20_000 + os.getpid() * 7 % 12_000
"""Where to look for a free port: elsewhere than another suite that runs at the same time. It has to stay the same when
the gateway starts again."""

_SOON_NOTICED = "[link]\nprobe_good_s = 2.0\n"
"""A line that has been good for a while is looked at twice a minute; no test waits that long for its loss to show."""


class Day:
    """``refused`` turns an error answer into its body's ``error`` member."""

    def __init__(self, phone: PhoneClient, lab: LabClient, places: Places, facts: GatewayFacts) -> None:
        self.phone = phone
        self.lab = lab
        self.places = places
        self._facts = facts
        self._readers: tuple[str, ...] = ()

    async def begin(self) -> None:
        """Bind the box, wait for the SAM and load the data sets."""
        await bind_box(self.phone, self.lab, "情境測試")
        await self.until("/api/state", lambda state: state["box"]["sam_verified_at"])
        await self.phone.call("POST", "/api/datasets/refresh")

    async def sign_in(self, card_id: str = "hpc-doctor", pin: str = LAB_PIN) -> Json:
        """HPC in, PIN, HPC out (F01, F04)."""
        await self.insert(card_id)
        answer = await self.call(
            "POST", "/api/staff/sessions", {"reader_id": await self.reader(), "pin": pin}
        )
        await self.pull()
        return answer

    async def reader(self, number: int = 0) -> str:
        if not self._readers:
            state = await self.lab.ask("GET", "/state")
            self._readers = tuple(place["reader_id"] for place in state["readers"])
        return self._readers[number]

    async def insert(self, card_id: str, *, reader: int = 0, pull: dict[str, Json] | None = None) -> Json:
        """Put a card in and wait until the box says what it is; the answer is its slot on screen."""
        reader_id = await self.reader(reader)
        seen = _card_at(await self.phone.call("GET", "/api/state"), reader_id)["insertion"]
        order = {"reader_id": reader_id, **({"pull": pull} if pull else {})}
        await self.lab.ask("POST", f"/cards/{card_id}/insert", order)

        def recognised(state: Json) -> bool:
            card = _card_at(state, reader_id)
            return bool(card["insertion"] > seen and card["kind"] not in {"reading", "none"})

        return _card_at(await self.until("/api/state", recognised), reader_id)

    async def pull(self, *, reader: int = 0) -> None:
        reader_id = await self.reader(reader)
        await self.lab.ask("POST", f"/readers/{reader_id}/pull")
        await self.until("/api/state", lambda state: _card_at(state, reader_id)["kind"] == "none")

    async def start(self, *, reader: int = 0) -> Json:
        return await self.call("POST", "/api/visits", {"reader_id": await self.reader(reader)})

    async def save(self, visit: Json, content: Json) -> Json:
        """Save a draft; its new revision is put into ``visit`` when the box took it."""
        record = visit["visit"]
        path = f"/api/visits/{record['visit_id']}/content"
        saved = await self.call("PUT", path, {"revision": record["revision"], "content": content})
        record["revision"] = saved.get("revision", record["revision"])
        return saved

    async def finish(self, visit: Json, mode: int = 4) -> Json:
        record = visit["visit"]
        order = {"revision": record["revision"], "mode": mode}
        return await self.call("POST", f"/api/visits/{record['visit_id']}/finish", order)

    async def flags(self, visit: Json, **expected: str) -> Json:
        """Wait until the visit's flags are as told; the answer is the visit."""
        path = f"/api/visits/{visit['visit']['visit_id']}"
        return await self.until(path, lambda view: view["flags"] == {**view["flags"], **expected})

    async def link(self, mode: str, *, shown: str) -> None:
        """Cut, restore or spoil the VPN, and wait until the screen says one of ``shown`` (comma-separated)."""
        await self.lab.ask("POST", "/link", {"mode": mode})
        await self.until("/api/state", lambda state: state["link"]["link"] in shown.split(","))

    async def program(self, name: str, act: str) -> None:
        await self.lab.ask("POST", f"/programs/{name}/{act}")

    async def call(self, method: str, path: str, body: Json = None) -> Json:
        """The answer, or the error object of a refusal."""
        try:
            return await self.phone.call(method, path, body)
        except ApiRefused as refused:
            return refused.body["error"]

    async def send_raw(self, method: str, path: str, body: bytes) -> tuple[int, Json]:
        """A request as this phone with any body; status and answer."""
        facts = self._facts
        trust = ssl.create_default_context(cafile=facts.ca_file)
        headers = {
            "Origin": facts.url.rstrip("/"),
            "Content-Type": "application/json",
            "Cookie": f"__Host-vb={self.phone.session}",
        }
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session,
            session.request(method, facts.url.rstrip("/") + path, data=body, headers=headers) as answer,
        ):
            return answer.status, await answer.json()

    async def until(
        self, path: str, condition: Callable[[Json], object], *, within_s: float = PATIENCE_S
    ) -> Json:
        """Ask until ``condition`` holds; TimeoutError with the last answer otherwise."""
        limit = time.monotonic() + within_s
        while not condition(answer := await self.phone.call("GET", path)):
            if time.monotonic() > limit:
                raise TimeoutError(f"{path} stayed at {answer}")
            await asyncio.sleep(_ASK_AGAIN_S)
        return answer

    def card(self, card_id: str) -> CardSnapshot:
        """The card's memory as its own file has it."""
        return build_card(card_id, self.places.cards).snapshot()

    def portal(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the portal's database."""
        with contextlib.closing(sqlite3.connect(self.places.portal / "portal.db")) as database:
            return database.execute(query, values).fetchall()

    def uploads(self, kind: str) -> list[bytes]:
        return [row[0] for row in self.portal("select body from uploads where kind = ?", kind)]


def _card_at(state: Json, reader_id: str) -> Json:
    """A box that has just started may not have found its readers yet: as one where no card is being looked at yet."""
    cards = (slot["card"] for slot in state["cards"]["readers"] if slot["reader_id"] == reader_id)
    return next(cards, {"insertion": 0, "kind": "reading"})


@contextlib.asynccontextmanager
async def open_day(*, use_pcscd: bool = True, config: str = "") -> AsyncIterator[Day]:
    """A box that is bound, in a lab of its own; real pcscd unless told otherwise, ``config`` in its conf.d."""
    # The folder's name is short because a socket lies in it.
    with tempfile.TemporaryDirectory(prefix="vb-day-") as folder:
        (Path(folder) / "conf.d").mkdir()
        (Path(folder) / "conf.d" / "05-day.toml").write_text(_SOON_NOTICED, "utf-8")
        (Path(folder) / "conf.d" / "10-test.toml").write_text(config, "utf-8")
        options = LabOptions(directory=Path(folder), port=_PORT, use_pcscd=use_pcscd)
        async with open_lab(options) as running, open_lab_client(running.places.root) as lab:
            day = Day(running.phone, lab, running.places, running.facts)
            await day.begin()
            yield day


@contextlib.asynccontextmanager
async def open_day_on_small_disk(size: str) -> AsyncIterator[tuple[Day, Path]]:
    """A box whose folder lies on a file system of ``size``, and the place of a file to fill that with.

    The file system is mounted in a namespace of the lab's own, so the test reaches it through that process.
    """
    with tempfile.TemporaryDirectory(prefix="vb-day-") as folder:
        namespaces = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--mount"]
        state = Path(folder) / "box" / "state"
        state.mkdir(parents=True)
        script = 'mount -t tmpfs -o "size=$1" small "$2" && shift 2 && exec "$@"'
        lab_command = (
            sys.executable,
            "-m",
            "visitbridge",
            "lab",
            "run",
            "--dir",
            folder,
            "--port",
            str(_PORT),
        )
        process = await asyncio.create_subprocess_exec(
            *("unshare", *namespaces, "sh", "-c", script, "sh", size, str(state), *lab_command),
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            await _until_ready(process)
            async with open_lab_client(Path(folder)) as lab:
                inside = f"/proc/{process.pid}/root"
                facts = await lab.gateway()
                facts = msgspec.structs.replace(facts, ca_file=inside + facts.ca_file)
                places = Places.of(Path(folder))
                async with open_lab_phone(places, facts) as phone:
                    day = Day(phone, lab, places, facts)
                    await day.begin()
                    yield day, Path(f"{inside}{state}/fill")
        finally:
            process.send_signal(signal.SIGINT)
            await process.communicate()


async def _until_ready(process: asyncio.subprocess.Process) -> None:
    """The lab's last line at its start tells how to stop it."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        while line := await process.stdout.readline():
            if b"Ctrl-C" in line:
                return
    raise AssertionError("the lab ended")
