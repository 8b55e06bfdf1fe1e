"""Live state for the phones: one snapshot, then changes, as server-sent events.

An event's id is ``<run>-<seq>``: the run tells one life of the daemon from the next, so that a phone that comes
back after a restart gets a snapshot and not a wrong remainder. Changes of one thing that come within a second
are sent as one, the newest; only of a card put in, the first changes go out at once, as somebody waits for them. Whatever
changes, a phone is woken once a second: when more than a handful of things change in a row, what follows goes together,
with the next second. A comment every 15 s tells the phone that the box is still there.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Final

import msgspec
from aiohttp import web

from visitbridge.api.viewing import Look, Viewer
from visitbridge.errors import TooManyTries
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import PairedPhone
from visitbridge.services.live import Change, LiveBoard
from visitbridge.services.topics import EditorNotice, VisitNotice

HEARTBEAT_S = 15.0
PACE_S = 1.0
# Changes of a topic that may follow each other at once before the pace holds them back: cards are swapped, that is
# one goes, another is seen, and it is read.
BURSTS = {"cards": 3}
# Deliveries to one phone that may follow each other at once, so that a person's press is seen by the others at once.
PHONE_BURST = 5
STREAMS_AT_ONCE = 64
# As many connections as a browser opens to one host, so that no phone takes all the streams there are.
STREAMS_A_PHONE = 6

_LONGEST_NUMBER = 20
_HEARTBEAT = b": still here\n\n"
_HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store"}


class ChangeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """``data`` of a ``change`` event."""

    topic: str
    value: msgspec.Struct


@dataclass(slots=True, eq=False)
class _Stream:
    """One phone's page. ``news`` is set when there is something to look at."""

    phone_id: str
    transport: asyncio.Transport | None
    ended: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self) -> None:
        self.ended = True
        self.news.set()

    def cut(self) -> None:
        """End it with what its phone has not taken yet: one that stopped reading would hold it, and one that was removed
        has no claim to it.
        """
        self.end()
        if self.transport is not None and not self.transport.is_closing():
            self.transport.abort()


@dataclass(slots=True)
class _Outgoing:
    """Changes not yet sent to one phone, the newest of each thing, held to the pace of one a second.

    ``paid_s``: until when what was sent of a thing has used that up; a burst may run ahead of it. ``phone_paid_s``: the
    same of the phone, which all things share.
    """

    last_seq: int
    waiting: dict[str, Change] = field(default_factory=dict)
    paid_s: dict[str, float] = field(default_factory=dict)
    phone_paid_s: float = 0.0

    def add(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self.last_seq = change.seq
            self.waiting[_subject(change)] = change

    def due(self, now_s: float) -> list[Change]:
        ready = [name for name, change in self.waiting.items() if self._due_s(name, change) <= now_s]
        if ready:
            self.phone_paid_s = max(now_s, self.phone_paid_s) + PACE_S
        for name in ready:
            self.paid_s[name] = max(now_s, self.paid_s.get(name, now_s)) + PACE_S
        return sorted((self.waiting.pop(name) for name in ready), key=lambda change: change.seq)

    def next_due_s(self) -> float | None:
        return min((self._due_s(name, change) for name, change in self.waiting.items()), default=None)

    def resume_after(self, change: Change) -> int:
        """Seq from which a phone that got ``change`` last misses nothing, held-back changes included."""
        return min((held.seq - 1 for held in self.waiting.values()), default=change.seq)

    def _due_s(self, name: str, change: Change) -> float:
        thing_s = self.paid_s.get(name, 0.0) - (BURSTS.get(change.topic, 1) - 1) * PACE_S
        return max(thing_s, self.phone_paid_s - (PHONE_BURST - 1) * PACE_S)


class EventStreams:
    """Serves ``/api/events``. ``snapshot`` gives the whole state as one phone may see it.

    ``look`` is asked before anything is sent: a phone that was locked, or on which somebody else is signed in, is
    given the whole state anew, as it may see it now; one that was removed gets no more events.
    """

    def __init__(
        self,
        board: LiveBoard,
        clock: Clock,
        *,
        snapshot: Callable[[Viewer], msgspec.Struct],
        look: Look,
    ) -> None:
        self._board = board
        self._clock = clock
        self._snapshot = snapshot
        self.look: Final = look
        self._run = secrets.token_bytes(16)
        self._streams: dict[_Stream, None] = {}

    def drop(self, phone_id: str) -> None:
        """End all streams of a phone that was removed."""
        for stream in self._streams:
            if stream.phone_id == phone_id:
                stream.cut()

    def look_again(self) -> None:
        """What some phone may see has changed."""
        for stream in self._streams:
            stream.news.set()

    def close(self) -> None:
        for stream in self._streams:
            stream.end()

    async def forward(self) -> None:
        """Wake the streams at every change, for as long as the board lives."""
        async for _ in self._board.changes(self._board.seq):
            for stream in self._streams:
                stream.news.set()

    async def serve(self, request: web.Request, phone: PairedPhone) -> web.StreamResponse:
        """Of too many streams of one phone the oldest ends: its page is gone, most likely. Raises TooManyTries."""
        mine = [each for each in self._streams if each.phone_id == phone.phone_id and not each.ended]
        if len(mine) >= STREAMS_A_PHONE:
            mine[0].cut()
        if len(self._streams) >= STREAMS_AT_ONCE:
            raise TooManyTries("too many event streams", params={"wait_s": int(HEARTBEAT_S)})
        # By this clock a phone counts down; the machine's own may differ.
        response = web.StreamResponse(
            headers={**_HEADERS, "Date": format_datetime(self._clock.now(), usegmt=True)}
        )
        await response.prepare(request)
        stream = _Stream(phone.phone_id, request.transport)
        self._streams[stream] = None
        try:
            await self._pump(response, stream, phone, request.headers.get("Last-Event-ID", ""))
            await response.write_eof()
        except ConnectionError:
            stream.end()
        finally:
            del self._streams[stream]
        return response

    async def _pump(
        self, response: web.StreamResponse, stream: _Stream, phone: PairedPhone, last_id: str
    ) -> None:
        viewer = self.look(phone)
        if viewer is None:
            return
        outgoing = _Outgoing(await self._begin(response, viewer, last_id))
        heartbeat_s = self._clock.monotonic() + HEARTBEAT_S
        while not stream.ended and (now := self.look(phone)) is not None:
            stream.news.clear()
            missed = self._board.since(outgoing.last_seq)
            if missed is None or now != viewer:
                viewer = now
                outgoing = _Outgoing(await self._begin(response, viewer, ""))
                continue
            outgoing.add(missed)
            now_s = self._clock.monotonic()
            due = outgoing.due(now_s)
            if due:
                events = [self._change_event(change, outgoing.resume_after(change), viewer) for change in due]
                await response.write(b"".join(events))
            elif now_s >= heartbeat_s:
                await response.write(_HEARTBEAT)
            else:
                next_s = outgoing.next_due_s()
                await self._wait(stream.news, heartbeat_s if next_s is None else min(next_s, heartbeat_s))
                continue
            heartbeat_s = now_s + HEARTBEAT_S

    async def _begin(self, response: web.StreamResponse, viewer: Viewer, last_id: str) -> int:
        """Seq to go on from: the phone's own when its changes are still kept, else that of a snapshot now."""
        run, _, number = last_id.partition("-")
        told = int(number) if number.isdecimal() and len(number) < _LONGEST_NUMBER else None
        if told is not None and run == self._run_for(viewer) and self._board.since(told) is not None:
            return told
        seq = self._board.seq
        await response.write(self._event("snapshot", seq, self._snapshot(viewer), viewer))
        return seq

    def _change_event(self, change: Change, resume_seq: int, viewer: Viewer) -> bytes:
        shown = viewer.shown(change.topic, change.value)
        if shown is None:
            return b""
        value = ChangeEvent(topic=change.topic, value=shown)
        return self._event("change", min(change.seq, resume_seq), value, viewer)

    def _event(self, name: str, seq: int, value: msgspec.Struct, viewer: Viewer) -> bytes:
        head = f"id: {self._run_for(viewer)}-{seq}\nevent: {name}\ndata: "
        return head.encode() + msgspec.json.encode(value) + b"\n\n"

    def _run_for(self, viewer: Viewer) -> str:
        """One life of the daemon and one way to see it: who may see something else now gets it all anew."""
        return hashlib.sha256(self._run + msgspec.json.encode(viewer)).hexdigest()[:16]

    async def _wait(self, news: asyncio.Event, until_s: float) -> None:
        waits = {asyncio.ensure_future(news.wait()), asyncio.ensure_future(self._clock.wait_until(until_s))}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.wait(waits)


def _subject(change: Change) -> str:
    """What a change is about: two changes of one thing may be sent as one, of two visits may not."""
    if isinstance(change.value, VisitNotice | EditorNotice):
        return f"{change.topic} {change.value.visit_id}"
    return change.topic
