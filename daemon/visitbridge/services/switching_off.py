"""Switching the box off in order: what is open is told first, nothing is cut short, and a low battery does it in time.

The order is systemd's: it stops this program as ever, which ends the command that a card is working on and closes
its store, and then unmounts. Everything that counts is on disk before that anyway; this spares the SD card.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from typing import Protocol

import msgspec

from visitbridge.errors import StoreError, SwitchOffRefused
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Store
from visitbridge.services.unsent import count_unsent

log = logging.getLogger(__name__)


class Machine(Protocol):
    async def power_off(self) -> None:
        """Return when the machine has agreed. Raises SwitchOffRefused."""
        ...


class SwitchOffView(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody should know before. ``unsent``: items that go on when the box is on again; ``drafts``: visits that are
    not finished; ``busy``: a card is being written or something sent at this moment. ``possible``: this box can do it.
    """

    possible: bool
    unsent: int
    drafts: int
    oldest_at: dt.datetime | None
    busy: bool


class SwitchOff:
    """``machine`` None: this box cannot. ``going``: told once the machine has agreed."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        machine: Machine | None,
        *,
        is_idle: Callable[[], bool],
        going: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._machine = machine
        self._is_idle = is_idle
        self._going = going

    async def look(self) -> SwitchOffView:
        open_work = await count_unsent(self._store)
        return SwitchOffView(
            possible=self._machine is not None,
            unsent=open_work.items,
            drafts=open_work.drafts,
            oldest_at=open_work.oldest_at,
            busy=not self._is_idle(),
        )

    async def by_person(self, phone_id: str) -> None:
        """Raises SwitchOffRefused."""
        await self._off(who="phone", phone_id=phone_id, why="asked")

    async def by_battery(self, percent: int) -> None:
        """The battery will not last; a machine that refuses is left to run it down."""
        log.warning("battery at %d %%: switching off", percent)
        try:
            await self._off(who="box", phone_id="", why=f"battery={percent}")
        except SwitchOffRefused as exc:
            log.warning("not switched off: %s", exc.code)

    async def _off(self, *, who: str, phone_id: str, why: str) -> None:
        if self._machine is None:
            raise SwitchOffRefused("no machine to switch off")
        try:
            await self._write_down(who=who, phone_id=phone_id, why=why)
        except StoreError as exc:
            # A disk that takes nothing more is a reason to switch off in order, and none to have the plug pulled.
            log.warning("switching off without a row on the trail: %s", exc.code)
        await self._machine.power_off()
        self._going()

    async def _write_down(self, *, who: str, phone_id: str, why: str) -> None:
        open_work = await count_unsent(self._store)
        entry = AuditEntry(
            at=self._clock.now(),
            who=who,
            act="box.switch_off",
            phone_id=phone_id,
            why=f"{why} unsent={open_work.count}",
        )
        await self._store.write(lambda tx: tx.audit.append(entry))
