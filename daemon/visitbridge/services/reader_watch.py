"""Following one transport of readers, and telling the card desk what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from visitbridge.errors import DeviceError
from visitbridge.ports.cards import CardReader, ReaderInfo, ReaderSource, ReaderState
from visitbridge.ports.reader_trouble import Reporting


class Desk(Protocol):
    """The part of ``services.cards.CardDesk`` that is told of readers."""

    def info(self, reader_id: str) -> ReaderInfo | None: ...

    def slot_changed(self, info: ReaderInfo, reader: CardReader | None) -> bool: ...

    def transport_works(self, transport: str) -> None: ...

    def transport_fails(self, transport: str, error_code: str) -> None: ...

    async def recognise(self, reader: CardReader) -> None: ...


class ReaderWatcher:
    """Service: follows one source for as long as it works (restarted by the supervisor when it fails)."""

    critical = False

    def __init__(self, name: str, source: ReaderSource, desk: Desk) -> None:
        self.name = name
        self._source = source
        self._desk = desk
        if isinstance(source, Reporting):
            source.when_trouble(self._take_trouble)

    async def run(self, ready: Callable[[], None]) -> None:
        ready()
        seen: set[str] = set()
        self._show_those_away(seen)
        try:
            async with asyncio.TaskGroup() as group:
                async for info in self._source.watch():
                    seen.add(info.reader_id)
                    reader = self._reader(info.reader_id)
                    if self._desk.slot_changed(info, reader) and reader is not None:
                        group.create_task(self._desk.recognise(reader), name=f"recognise-{info.reader_id}")
        except BaseExceptionGroup as failed:
            # Not with except*, which wraps what is raised in it into a group again.
            devices, others = failed.split(DeviceError)
            if devices is None or others is not None:
                raise
            raise _first(devices) from failed
        finally:
            self._lose(seen)

    def _show_those_away(self, seen: set[str]) -> None:
        """A reader by radio is known long before it is reached for the first time; until then there is no other word of it."""
        for reader in self._source.readers():
            if reader.info.state is ReaderState.UNAVAILABLE:
                seen.add(reader.info.reader_id)
                self._desk.slot_changed(reader.info, reader)

    def _take_trouble(self, error: DeviceError | None) -> None:
        if error is None:
            self._desk.transport_works(self.name)
        else:
            self._desk.transport_fails(self.name, error.code)

    def _reader(self, reader_id: str) -> CardReader | None:
        return next((r for r in self._source.readers() if r.info.reader_id == reader_id), None)

    def _lose(self, seen: set[str]) -> None:
        """A source that does not work shows its readers as unavailable, without cards."""
        for info in filter(None, map(self._desk.info, seen)):
            self._desk.slot_changed(msgspec.structs.replace(info, state=ReaderState.UNAVAILABLE), None)


def _first(group: BaseExceptionGroup[DeviceError]) -> DeviceError:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
