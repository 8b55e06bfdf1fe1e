"""Taking a box out of service: the institution's order to erase it, and a reset by hand (B11, Y09).

Neither happens by one word. An order comes in two signed steps with a person's number in between
(``protocols.datacentre.erasure``); a reset wants the box's name and nothing unsent.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from typing import Final, Literal, Protocol

import msgspec

from visitbridge.errors import (
    DataCentreError,
    FieldInvalid,
    LinkError,
    WorkUnsent,
)
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.erasure import EraseOrder, EraseReport
from visitbridge.services.binding import BoxRecord
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import ErasureTopic
from visitbridge.services.unsent import Unsent, count_unsent

log = logging.getLogger(__name__)

_SETTING: Final = "box.erasure"
_REMEMBERED: Final = 20


class Institution(Protocol):
    """The part of the data centre that gives the order."""

    def ordered(self, order: EraseOrder) -> bool:
        """Whether the data centre this box is bound to signed it."""
        ...

    async def report_erasure(self, report: EraseReport) -> None: ...


class Erase(Protocol):
    def __call__(self, *, why: Literal["order", "reset"], order_id: str) -> None:
        """Note durably that the box erases itself now, and end its services."""
        ...


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """``order_id``: the order that was answered, with the number told; ``withdrawn``: orders that never count again."""

    order_id: str = ""
    ordered_at: dt.datetime | None = None
    told: int = 0
    withdrawn: tuple[str, ...] = ()


class Decommission:
    """Call :meth:`load` once before anything else."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        board: LiveBoard,
        *,
        institution: Institution,
        box: Callable[[], BoxRecord],
        carriable: Callable[[], Awaitable[int]],
        forward_trail: Callable[[], Awaitable[None]],
        erase: Erase,
    ) -> None:
        self._store = store
        self._clock = clock
        self._board = board
        self._institution = institution
        self._box = box
        self._carriable = carriable
        self._forward_trail = forward_trail
        self._erase = erase
        self._kept = Kept()
        self._refused = ""

    async def load(self) -> None:
        text = await self._store.read(lambda tx: tx.settings.get(_SETTING))
        if text is not None:
            self._kept = msgspec.json.decode(text, type=Kept)
        self._publish()

    async def take(self, order: EraseOrder | None) -> None:
        """What the institution says at every contact; None: it does not want this box erased.

        Raises what reporting to the data centre raises; it is made up for at the next contact.
        """
        if order is None:
            await self._withdraw()
            return
        if not self._counts(order):
            await self._refuse(order)
            return
        unsent = await count_unsent(self._store)
        is_answered = order.order_id == self._kept.order_id
        if order.step == "prepare" or not is_answered or unsent.count > order.unsent:
            await self._answer(order, unsent)
            return
        await self._obey(order, unsent)

    async def reset(self, name: str, *, even_with_unsent: bool, phone_id: str = "") -> None:
        """Erase the box by hand. ``name`` is the box's own, typed by whoever wants it gone.

        With ``even_with_unsent`` what a hand-off file cannot carry is given up; what it can carry never is. Raises
        FieldInvalid (``name``), WorkUnsent.
        """
        if name != self._box().name:
            raise FieldInvalid("not the name of this box", field="name")
        unsent = await count_unsent(self._store)
        if unsent.count and (not even_with_unsent or await self._carriable()):
            raise _work_unsent(unsent)
        await self._note("box.reset", phone_id=phone_id, why=f"unsent={unsent.count}")
        await self._forward_trail()
        now = await count_unsent(self._store)
        if now.count > unsent.count:
            raise _work_unsent(now)
        self._erase(why="reset", order_id="")

    def _counts(self, order: EraseOrder) -> bool:
        return (
            order.sheet_id == self._box().sheet_id
            and order.order_id not in self._kept.withdrawn
            and self._institution.ordered(order)
        )

    async def _refuse(self, order: EraseOrder) -> None:
        """Once on the trail for each order, however often it is repeated."""
        if self._refused == order.order_id:
            return
        self._refused = order.order_id
        log.warning("an order to erase this box is not believed")
        await self._note("box.erase.refused")

    async def _answer(self, order: EraseOrder, unsent: Unsent) -> None:
        kept = msgspec.structs.replace(
            self._kept, order_id=order.order_id, ordered_at=order.issued_at, told=unsent.count
        )
        if kept != self._kept:
            await self._keep(kept, "box.erase.ordered", why=f"unsent={unsent.count}")
        await self._report(order, "ready", unsent)

    async def _obey(self, order: EraseOrder, unsent: Unsent) -> None:
        await self._note("box.erase.confirmed", why=f"unsent={unsent.count}")
        await self._forward_trail()
        now = await count_unsent(self._store)
        if now.count > order.unsent:
            await self._answer(order, now)
            return
        try:
            await self._report(order, "erasing", now)
        except (LinkError, DataCentreError) as error:
            log.warning("erasing could not be reported: %s", error.code)
        self._erase(why="order", order_id=order.order_id)

    async def _report(self, order: EraseOrder, state: Literal["ready", "erasing"], unsent: Unsent) -> None:
        report = EraseReport(
            order_id=order.order_id, state=state, unsent=unsent.count, oldest_at=unsent.oldest_at
        )
        await self._institution.report_erasure(report)

    async def _withdraw(self) -> None:
        if not self._kept.order_id:
            return
        gone = (*self._kept.withdrawn, self._kept.order_id)[-_REMEMBERED:]
        await self._keep(Kept(withdrawn=gone), "box.erase.withdrawn")

    async def _keep(self, kept: Kept, act: str, *, why: str = "") -> None:
        await self._note(act, why=why, setting=msgspec.json.encode(kept).decode())
        self._kept = kept
        self._publish()

    async def _note(self, act: str, *, why: str = "", phone_id: str = "", setting: str = "") -> None:
        who = "phone" if phone_id else "box"
        entry = AuditEntry(at=self._clock.now(), who=who, act=act, phone_id=phone_id, why=why)

        def work(tx: Transaction) -> None:
            if setting:
                tx.settings.set(_SETTING, setting)
            tx.audit.append(entry)

        await self._store.write(work)

    def _publish(self) -> None:
        topic = ErasureTopic(ordered_at=self._kept.ordered_at, unsent=self._kept.told)
        self._board.put("erasure", topic)


def _work_unsent(unsent: Unsent) -> WorkUnsent:
    return WorkUnsent("a reset would lose work", params={"items": unsent.items, "drafts": unsent.drafts})
