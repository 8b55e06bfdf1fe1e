"""Which card is in which reader, and whose it is.

On insertion the card's applications are selected (never the ATR trusted, nhi-domain §1.1) and the public
record is read; no network is needed for that.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable

import msgspec

from visitbridge.domain.people import BasicRecord
from visitbridge.errors import (
    CardAbsent,
    CardBeingRead,
    CardError,
    CardMute,
    CardRealmMixed,
    CardRemoved,
    DeviceError,
    NotFound,
    NotNhiCard,
    ReaderBusy,
    ReaderUnavailable,
    WrongCardKind,
)
from visitbridge.ports.cards import CardReader, ReaderInfo, ReaderSource, ReaderState
from visitbridge.runtime.waiting import Waiter
from visitbridge.services.card_kinds import CardKind, PresentCard, identify, is_of_test_realm
from visitbridge.services.card_names import AsOnCard, Names
from visitbridge.services.card_slots import slot_of
from visitbridge.services.live import LiveBoard
from visitbridge.services.reader_watch import ReaderWatcher
from visitbridge.services.topics import CardsTopic

_RECOGNISE_DEADLINE_S = 10.0
_READ_AGAIN_S, _READ_AGAIN_MAX_S = 1.0, 60.0
_Trouble = DeviceError | CardAbsent | CardBeingRead | CardRemoved
_KIND_OF_STATE: dict[ReaderState, CardKind] = {ReaderState.CARD: "reading", ReaderState.MUTE: "mute"}


class CardDesk:
    """Keeps track of every slot of every source.

    ``realm``: ``test`` or ``production``. ``names``: what patients are called whose cards cannot hold it.
    """

    def __init__(
        self,
        board: LiveBoard,
        clock: Waiter,
        *,
        realm: str,
        names: Names | None = None,
        on_change: Iterable[Callable[[], None]] = (),
    ) -> None:
        self._names = names or AsOnCard()
        self._board = board
        self._clock = clock
        self._realm = realm
        self._on_change = list(on_change)
        self._readers: dict[str, CardReader] = {}
        self._infos: dict[str, ReaderInfo] = {}
        self._cards: dict[str, PresentCard] = {}
        self._recognising: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._troubles: dict[str, str] = {}
        self._publish()

    def when_changed(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every insertion, removal or recognition."""
        self._on_change.append(listener)

    def watcher(self, name: str, source: ReaderSource) -> ReaderWatcher:
        """The service that feeds this desk from one transport."""
        return ReaderWatcher(name, source, self)

    def topic(self) -> CardsTopic:
        """Every slot as phones see it, by reader id."""
        return CardsTopic(
            readers=tuple(
                slot_of(self._infos[reader_id], card) for reader_id, card in sorted(self._cards.items())
            ),
            troubles=tuple(sorted(set(self._troubles.values()))),
        )

    def present(self) -> tuple[PresentCard, ...]:
        return tuple(self._cards.values())

    def info(self, reader_id: str) -> ReaderInfo | None:
        return self._infos.get(reader_id)

    def reader(self, reader_id: str) -> CardReader:
        """Raises ReaderUnavailable for a reader that is unknown or gone."""
        reader = self._readers.get(reader_id)
        if reader is None:
            raise ReaderUnavailable(f"reader {reader_id}")
        return reader

    def at(self, reader_id: str) -> PresentCard:
        """Raises NotFound for a reader that this box has never seen."""
        card = self._cards.get(reader_id)
        if card is None:
            raise NotFound("reader", field="reader_id")
        return card

    def require_nhi(self, reader_id: str) -> tuple[PresentCard, BasicRecord]:
        """The NHI card in this reader.

        Raises ReaderUnavailable, CardAbsent, CardMute, CardBeingRead, NotNhiCard, CardRealmMixed; CardError for a record
        that could not be read.
        """
        card = self._recognised(reader_id)
        if card.error_code == CardRealmMixed.code:
            raise CardRealmMixed
        if card.basic is None:
            raise CardError("its record could not be read") if card.kind == "nhi" else NotNhiCard
        return card, card.basic

    def require_hpc(self, reader_id: str) -> None:
        """A health-professional card is in this reader.

        Raises ReaderUnavailable, CardAbsent, CardMute, CardBeingRead, WrongCardKind, CardRealmMixed.
        """
        card = self._recognised(reader_id)
        if card.kind != "hpc":
            raise WrongCardKind("needs a health-professional card")
        if card.error_code == CardRealmMixed.code:
            raise CardRealmMixed

    def _recognised(self, reader_id: str) -> PresentCard:
        card = self.at(reader_id)
        if self._infos[reader_id].state is ReaderState.UNAVAILABLE:
            raise ReaderUnavailable(f"reader {reader_id}")
        if card.kind == "none":
            raise CardAbsent
        if card.kind == "mute":
            raise CardMute
        if card.kind == "reading":
            raise CardBeingRead
        return card

    def find_card(self, card_no: str) -> PresentCard | None:
        for card in self._cards.values():
            if card.basic is not None and card.basic.card_no == card_no and not card.error_code:
                return card
        return None

    async def refresh(self, reader_id: str) -> PresentCard:
        """Read the card again, on request.

        Raises DeviceError, CardAbsent, CardBeingRead, CardRemoved; ReaderBusy while somebody else has it.
        """
        self.at(reader_id)
        await self._read(self.reader(reader_id))
        return self.at(reader_id)

    async def call_anew(self, reader_id: str) -> None:
        """Show the patient in this reader by the name that was confirmed just now. Raises what :meth:`require_nhi` does."""
        card, record = self.require_nhi(reader_id)
        named, name_open = await self._names.called(record)
        if self._cards.get(reader_id) is card:
            self._cards[reader_id] = msgspec.structs.replace(card, basic=named, name_open=name_open)
            self._publish()

    def forget(self, reader_id: str) -> None:
        """A reader that this box is not to show any more."""
        for known in (self._readers, self._infos, self._cards):
            known.pop(reader_id, None)
        self._publish()

    def transport_works(self, transport: str) -> None:
        """A transport that was in trouble finds readers again, or never was in any."""
        if self._troubles.pop(transport, None) is not None:
            self._publish()

    def transport_fails(self, transport: str, error_code: str) -> None:
        """A transport cannot look for readers at all, so that there may be some which nobody sees."""
        self._troubles[transport] = error_code
        self._publish()

    def slot_changed(self, info: ReaderInfo, reader: CardReader | None) -> bool:
        """Take a slot's new state; True when there is a card to recognise."""
        before = self._infos.get(info.reader_id)
        self._infos[info.reader_id] = info
        if reader is None:
            self._readers.pop(info.reader_id, None)
        else:
            self._readers[info.reader_id] = reader
        if before and before.state is info.state is ReaderState.CARD and before.insertion == info.insertion:
            self._publish()
            return False
        kind = _KIND_OF_STATE.get(info.state, "none")
        self._set(info, kind, error_code=CardMute.code if kind == "mute" else "")
        return kind == "reading"

    async def recognise(self, reader: CardReader) -> None:
        """Find out which card is in, however long it takes until it can be read.

        A contact that bounces is two insertions, so one reading waits for the other and may find nothing left to do.
        """
        pause_s = _READ_AGAIN_S
        while (trouble := await self._try(reader)) is not None:
            await self._clock.wait_until(self._clock.monotonic() + pause_s)
            # What is merely busy is looked for steadily; what is broken is left in peace more and more.
            is_busy = isinstance(trouble, ReaderBusy)
            pause_s = _READ_AGAIN_S if is_busy else min(2 * pause_s, _READ_AGAIN_MAX_S)

    async def _try(self, reader: CardReader) -> _Trouble | None:
        """What keeps a card from being read; None when that was done or there is nothing to read."""
        reader_id = reader.info.reader_id
        async with self._recognising[reader_id]:
            info = self._infos.get(reader_id)
            if info is None or not self._is_unread(info):
                return None
            try:
                await self._read(reader)
            except (DeviceError, CardAbsent, CardBeingRead, CardRemoved) as exc:
                self._show_trouble(reader_id, info, exc)
                return exc
            return None

    def _is_unread(self, info: ReaderInfo) -> bool:
        """Whether there is a card that nobody has been able to ask yet."""
        return info.state is ReaderState.CARD and self._cards[info.reader_id].kind == "reading"

    def _show_trouble(self, reader_id: str, info: ReaderInfo, error: _Trouble) -> None:
        """The card is still being read, and this is what keeps it from being."""
        card = self._cards.get(reader_id)
        if card is None:
            # Forgotten meanwhile, which is what ended the reading.
            return
        is_shown = (card.insertion, card.error_code) == (info.insertion, error.code)
        if self._infos.get(reader_id) == info and not is_shown:
            self._set(info, "reading", error_code=error.code)

    async def _read(self, reader: CardReader) -> None:
        """The result is dropped when the card has changed meanwhile.

        Raises DeviceError, CardAbsent, CardBeingRead, CardRemoved.
        """
        info = reader.info
        kind: CardKind = "unknown"
        record: BasicRecord | None = None
        code = ""
        try:
            async with reader.open_session("recognise", deadline_s=_RECOGNISE_DEADLINE_S) as channel:
                kind, record = await channel.converse(identify(), deadline_s=_RECOGNISE_DEADLINE_S)
        except (CardAbsent, CardBeingRead, CardRemoved):
            raise
        except CardMute as exc:
            kind, code = "mute", exc.code
        except CardError as exc:
            # Its application was there, or there had been no record to read.
            kind, code = "nhi", exc.code
        name_open = False
        if record is not None:
            record, name_open = await self._names.called(record)
        if is_of_test_realm(kind, record) is (self._realm != "test"):
            code = CardRealmMixed.code
        if kind == "unknown" and not code:
            code = NotNhiCard.code
        current = self._infos.get(info.reader_id)
        if current is None or current.insertion != info.insertion or current.state is ReaderState.EMPTY:
            return
        self._set(current, kind, basic_record=record, error_code=code, name_open=name_open)

    def _set(
        self,
        info: ReaderInfo,
        kind: CardKind,
        *,
        basic_record: BasicRecord | None = None,
        error_code: str = "",
        name_open: bool = False,
    ) -> None:
        self._cards[info.reader_id] = PresentCard(
            reader_id=info.reader_id,
            reader_name=info.name,
            kind=kind,
            insertion=info.insertion,
            basic=basic_record,
            error_code=error_code,
            name_open=name_open,
        )
        self._publish()
        for listener in self._on_change:
            listener()

    def _publish(self) -> None:
        self._board.put("cards", self.topic())
