"""The stand-in portal in the lab: its process, its people and data sets, and its lab control."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import aiohttp

from visitbridge.errors import DeviceError, FieldInvalid
from visitbridge.sim.lab.child import Child
from visitbridge.sim.lab.places import Places

_MODULE = "vpnportal"
_START_S = 120.0
_WORK_S = 120.0
# A ticket is shown for as long as nobody used it, and drawn anew before it can have expired on the other side.
_FRESH_FOR = dt.timedelta(minutes=5)

Json = dict[str, Any]


class Portal:
    """Its port and its lab control change with every start; the relay hides that from the box."""

    def __init__(self, places: Places, session: aiohttp.ClientSession) -> None:
        self._places = places
        self._session = session
        self._child = Child(
            _MODULE,
            ["serve", "--lab", "--port", "0", "--dir", str(places.portal)],
            log_path=places.logs / "portal.log",
        )
        self._lab_url = ""
        self._ticket: tuple[dt.datetime, str, Json] | None = None

    @property
    def child(self) -> Child:
        return self._child

    async def start(self) -> int:
        """Start it; the answer is its port."""
        facts = await self._child.start(within_s=_START_S)
        self._lab_url = str(facts["lab_url"])
        return int(facts["port"])

    async def seed(self, shared: Path | None) -> str:
        """The invented people, and the data sets: the published ones of ``shared`` where it has any.

        The answer is a line for the terminal. What did not change since the last start is left alone.
        """
        folder = ["--dir", str(self._places.portal)]
        stamp = _stamp_of(shared)
        if self._places.imported.exists() and self._places.imported.read_text() == stamp:
            return "data sets as at the last start"
        log_path = self._places.logs / "seed.log"
        await Child(_MODULE, ["seed-lab", "--json", *folder], log_path=log_path).run(within_s=_WORK_S)
        if shared is not None:
            arguments = ["datasets", "import-public", str(shared), *folder]
            log_path = self._places.logs / "import.log"
            await Child(_MODULE, arguments, log_path=log_path).run(within_s=_WORK_S)
        self._places.imported.write_text(stamp)
        return f"published tables of {shared}" if shared is not None else "the starter data sets"

    async def ticket(self, url: str) -> Json | None:
        """QR-2 for the lab's box with ``url`` in it: {ticket, pin, qr_png_data_url}; None once it is bound."""
        state = await self.ask("GET", "/lab/state")
        device = next(iter(state["devices"]), None)
        if device is None or device.get("bound_at"):
            self._ticket = None
            return None
        now = dt.datetime.now(dt.UTC)
        if self._ticket is None or self._ticket[1] != url or now - self._ticket[0] > _FRESH_FOR:
            order = {"name": device["name"], "institution": device["institution"]["code"], "url": url}
            self._ticket = (now, url, await self.ask("POST", "/lab/tickets", order))
        return self._ticket[2]

    async def ask(self, method: str, path: str, body: Json | None = None) -> Any:
        """A request to the portal's lab control. Raises FieldInvalid for a refusal, DeviceError for silence."""
        try:
            async with self._session.request(method, f"{self._lab_url}{path}", json=body) as answer:
                if answer.status >= 400:
                    raise FieldInvalid(f"the portal refused: {(await answer.text())[:300]}")
                return await answer.json() if answer.content_length else None
        except (aiohttp.ClientError, TimeoutError) as exc:
            raise DeviceError("the portal's lab control does not answer") from exc


def _stamp_of(shared: Path | None) -> str:
    if shared is None:
        return "starter"
    files = sorted(shared.glob("*.csv"))
    return "\n".join(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files)
