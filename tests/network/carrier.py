"""The carrier's side of the rough-line test, run inside its network namespace; JSON lines on standard output.

carrier.py wire NEAR FAR          two network interfaces, joined by what this program lets through; takes
                                  {"delay_ms": …, "jitter_ms": …, "loss": …} (each way) line by line, answers "ok"
carrier.py names ADDRESS NAME IP  a name server (RFC 1035, UDP) that knows one name and no other; answers each line with
                                  the names that it was asked for
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import random
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any, cast

# linux/if_tun.h
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_LARGEST_PACKET = 65536
_TYPE_A, _TYPE_AAAA, _CLASS_IN = 1, 28, 1
_RESPONSE, _NO_SUCH_NAME = 0x8580, 0x8583


def tell(result: object) -> None:
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()


class Wire:
    """Whole IP packets, each delayed and lost by itself, as netem does it; the same seed loses the same ones."""

    def __init__(self, near: str, far: str) -> None:
        self._ends = [_tun(name) for name in (near, far)]
        self._chance = random.Random(20261122)
        self._delay_s = self._jitter_s = self._loss = 0.0

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        for source, sink in (self._ends, self._ends[::-1]):
            loop.add_reader(source, self._carry, source, sink)

    def set_quality(self, *, delay_ms: float, jitter_ms: float, loss: float) -> str:
        self._delay_s, self._jitter_s, self._loss = delay_ms / 1e3, jitter_ms / 1e3, loss
        return "ok"

    def _carry(self, source: int, sink: int) -> None:
        packet = os.read(source, _LARGEST_PACKET)
        if self._chance.random() >= self._loss:
            late_s = max(
                0.0, self._chance.uniform(self._delay_s - self._jitter_s, self._delay_s + self._jitter_s)
            )
            asyncio.get_running_loop().call_later(late_s, _put, sink, packet)


def _put(sink: int, packet: bytes) -> None:
    # An interface that is not up takes nothing (EIO), and a full one drops, as a wire does.
    with contextlib.suppress(OSError):
        os.write(sink, packet)


def _tun(name: str) -> int:
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, _TUNSETIFF, struct.pack("16sH", name.encode(), _IFF_TUN | _IFF_NO_PI))
    return end


class Names(asyncio.DatagramProtocol):
    def __init__(self, name: str, ip: str) -> None:
        self._name, self._ip = name, socket.inet_aton(ip)
        self.asked: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not isinstance: Python 3.11's own transport is no DatagramTransport by inheritance.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        question = data[12 : data.index(0, 12) + 5]
        name = _name_of(question)
        self.asked.append(name)
        kind = int.from_bytes(question[-4:-2], "big")
        found = name == self._name and kind == _TYPE_A
        known = name == self._name and kind in (_TYPE_A, _TYPE_AAAA)
        header = data[:2] + struct.pack(">HHHHH", _RESPONSE if known else _NO_SUCH_NAME, 1, int(found), 0, 0)
        # A pointer to the name in the question (RFC 1035 §4.1.4).
        answer = b"\xc0\x0c" + struct.pack(">HHIH", _TYPE_A, _CLASS_IN, 0, 4) + self._ip if found else b""
        self._transport.sendto(header + question + answer, addr)


def _name_of(question: bytes) -> str:
    labels, at = [], 0
    while size := question[at]:
        labels.append(question[at + 1 : at + 1 + size].decode("ascii"))
        at += 1 + size
    return ".".join(labels).lower()


async def answer_lines(answer: Callable[[Any], object]) -> None:
    tell("ready")
    while line := await asyncio.to_thread(sys.stdin.readline):
        tell(answer(json.loads(line)))


async def carry(near: str, far: str) -> None:
    wire = Wire(near, far)
    wire.start()
    await answer_lines(lambda quality: wire.set_quality(**quality))


async def name(address: str, known: str, ip: str) -> None:
    names = Names(known, ip)
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: names, local_addr=(address, 53))
    await answer_lines(lambda _: names.asked)


def main() -> None:
    match sys.argv[1:]:
        case ["wire", near, far]:
            asyncio.run(carry(near, far))
        case ["names", address, known, ip]:
            asyncio.run(name(address, known, ip))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
