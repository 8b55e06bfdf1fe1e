"""A simulated USB device as the kernel's virtual host controller sees it: endpoint 0, and transfers that wait."""

from __future__ import annotations

import asyncio
import enum
import struct
from collections import deque
from collections.abc import Callable, Mapping

import msgspec

from visitbridge.sim.usbip.wire import Done, Status, Submit, Unlink, Unlinked, receive

_SETUP = struct.Struct("<BBHHH")
_KIND = 0x60
"""Bits of bmRequestType: 0 for a standard request, otherwise a class's or a vendor's (USB 2.0, table 9-2)."""
_US_ENGLISH = bytes.fromhex("04030904")


class Request(enum.IntEnum):
    """bRequest of standard requests (USB 2.0, table 9-4)."""

    GET_STATUS = 0
    CLEAR_FEATURE = 1
    SET_FEATURE = 3
    GET_DESCRIPTOR = 6
    GET_CONFIGURATION = 8
    SET_CONFIGURATION = 9
    SET_INTERFACE = 11


class DescriptorKind(enum.IntEnum):
    """bDescriptorType (USB 2.0, table 9-5; CCID Rev. 1.1, §5.1)."""

    DEVICE = 1
    CONFIGURATION = 2
    STRING = 3
    INTERFACE = 4
    ENDPOINT = 5
    CCID = 0x21


class Descriptors(msgspec.Struct, frozen=True, kw_only=True):
    """What a device says of itself (USB 2.0, §9.6). ``strings``: numbered from 1."""

    device: bytes
    configuration: bytes
    strings: tuple[str, ...] = ()

    def find(self, kind: int, index: int) -> bytes | None:
        """The descriptor, or None."""
        match kind:
            case DescriptorKind.DEVICE:
                return self.device
            case DescriptorKind.CONFIGURATION:
                return self.configuration
            case DescriptorKind.STRING if index == 0:
                return _US_ENGLISH
            case DescriptorKind.STRING if index <= len(self.strings):
                text = self.strings[index - 1].encode("utf-16-le")
                return bytes((len(text) + 2, DescriptorKind.STRING)) + text
            case _:
                return None


class UsbDevice:
    """``outs``: what takes the data of each OUT endpoint. ``when_configured``: called whenever a host begins to use it.

    What is to go in waits until the host asks for it, and the host's question waits until there is something.
    """

    def __init__(
        self,
        descriptors: Descriptors,
        outs: Mapping[int, Callable[[bytes], None]],
        when_configured: Callable[[], None],
    ) -> None:
        self._descriptors = descriptors
        self._outs = outs
        self._when_configured = when_configured
        self._configuration = 0
        self._asked: dict[int, deque[Submit]] = {}
        self._waiting: dict[int, deque[bytes]] = {}
        self._writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Be plugged into the host at the other end until that hangs up. Raises DeviceError for a broken stream."""
        self._configuration = 0
        self._asked.clear()
        self._writer = writer
        try:
            while True:
                message = await receive(reader)
                if isinstance(message, Unlink):
                    self._unlink(message)
                else:
                    self._submit(message)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._writer = None

    def send(self, endpoint: int, data: bytes, *, newest_only: bool = False) -> None:
        """Let the host have this from an IN endpoint. A host that begins to use the device gets nothing from before.

        ``newest_only``: what it has not fetched yet is no longer of interest.
        """
        waiting = self._waiting.setdefault(endpoint, deque())
        if newest_only:
            waiting.clear()
        waiting.append(data)
        self._match(endpoint)

    def _submit(self, submit: Submit) -> None:
        if submit.endpoint == 0:
            self._control(submit)
        elif submit.is_in:
            self._asked.setdefault(submit.endpoint, deque()).append(submit)
            self._match(submit.endpoint)
        elif submit.endpoint in self._outs:
            self._answer(Done(seqnum=submit.seqnum, length=submit.length))
            self._outs[submit.endpoint](submit.data)
        else:
            self._answer(Done(seqnum=submit.seqnum, status=Status.STALLED))

    def _unlink(self, unlink: Unlink) -> None:
        for asked in self._asked.values():
            for submit in asked:
                if submit.seqnum == unlink.unlinked:
                    asked.remove(submit)
                    self._answer(Unlinked(seqnum=unlink.seqnum, status=Status.UNLINKED))
                    return
        self._answer(Unlinked(seqnum=unlink.seqnum, status=Status.OK))

    def _match(self, endpoint: int) -> None:
        asked, waiting = self._asked.get(endpoint), self._waiting.get(endpoint)
        while asked and waiting:
            submit, data = asked.popleft(), waiting.popleft()
            if len(data) > submit.length:
                waiting.appendleft(data[submit.length :])
            data = data[: submit.length]
            self._answer(Done(seqnum=submit.seqnum, length=len(data), data=data))

    def _control(self, submit: Submit) -> None:
        kind, request, value, _, length = _SETUP.unpack(submit.setup)
        answer = None if kind & _KIND else self._take_request(request, value)
        if answer is None:
            self._answer(Done(seqnum=submit.seqnum, status=Status.STALLED))
            return
        data = answer[:length]
        self._answer(Done(seqnum=submit.seqnum, length=len(data), data=data))

    def _take_request(self, request: int, value: int) -> bytes | None:
        """Act on a standard request (USB 2.0, §9.4). None: the device has no answer to it."""
        match request:
            case Request.GET_DESCRIPTOR:
                return self._descriptors.find(value >> 8, value & 0xFF)
            case Request.GET_CONFIGURATION:
                return bytes((self._configuration,))
            case Request.GET_STATUS:
                return bytes(2)
            case Request.SET_CONFIGURATION:
                self._configure(value)
                return b""
            case Request.CLEAR_FEATURE | Request.SET_FEATURE | Request.SET_INTERFACE:
                return b""
            case _:
                return None

    def _configure(self, value: int) -> None:
        self._configuration = value
        self._waiting.clear()
        if value:
            self._when_configured()

    def _answer(self, message: Done | Unlinked) -> None:
        if self._writer is not None:
            self._writer.write(message.encode())
