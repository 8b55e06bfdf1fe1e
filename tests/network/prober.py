"""Runs inside a network namespace: tries to reach, answers, or listens to the wire. Prints one JSON line.

prober.py reach HOST [tcp|udp] PORT,FIRST-LAST,… [SECONDS]   ports that answered within so long, each
prober.py ping HOST [SECONDS]               true when an echo came back
prober.py raw HOST PROTOCOL SOURCE          true when an IPv4 packet of any protocol and source left
prober.py answer [tcp|udp] PORT...          answer on these ports until killed
prober.py listen INTERFACE                  count IPv4 packets coming in until a line on stdin
"""

from __future__ import annotations

import asyncio
import json
import resource
import select
import socket
import struct
import sys

GLANCE_S = 0.5
"""Enough to find what nobody expects to answer, in thousands of ports; who expects an answer says how long to wait."""
AT_ONCE = 1200


def tell(result: object) -> None:
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()


def expand(ranges: str) -> list[int]:
    """``1-3,7`` → 1, 2, 3, 7."""
    pairs = [entry.partition("-") for entry in ranges.split(",")]
    return [port for first, _, last in pairs for port in range(int(first), int(last or first) + 1)]


def seconds(within: list[str]) -> float:
    return float(within[0]) if within else GLANCE_S


async def reach(host: str, kind: str, ports: list[int], within_s: float) -> list[int]:
    gate = asyncio.Semaphore(AT_ONCE)
    attempt = _tcp if kind == "tcp" else _udp

    async def one(port: int) -> int | None:
        async with gate:
            return port if await attempt(host, port, within_s) else None

    found = await asyncio.gather(*(one(port) for port in ports))
    return [port for port in found if port is not None]


async def _tcp(host: str, port: int, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            _, writer = await asyncio.open_connection(host, port)
    except (TimeoutError, OSError):
        return False
    writer.close()
    return True


async def _udp(host: str, port: int, within_s: float) -> bool:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect((host, port))
            probe.send(b"?")
            async with asyncio.timeout(within_s):
                return await loop.sock_recv(probe, 16) == b"!"
        except (TimeoutError, OSError):
            return False


def ping(host: str, within_s: float) -> bool:
    body = struct.pack("!BBHHH", 8, 0, 0, 7, 1)
    total = sum(struct.unpack("!4H", body))
    body = struct.pack("!BBHHH", 8, 0, ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF, 7, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as probe:
        try:
            probe.sendto(body, (host, 0))
        except OSError:
            return False
        while select.select([probe], [], [], within_s)[0]:
            answer = probe.recv(256)
            if answer[20] == 0:
                return True
    return False


def raw(host: str, protocol: int, source: str) -> bool:
    header = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 28, 1, 0, 64, protocol, 0, socket.inet_aton(source), socket.inet_aton(host)
    )
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as probe:
        return probe.sendto(header + b"visitbri", (host, 0)) == 28


async def answer(kind: str, ports: list[int]) -> None:
    if kind == "tcp":
        for port in ports:
            await asyncio.start_server(lambda _, writer: writer.close(), "0.0.0.0", port)  # noqa: S104
    else:
        for port in ports:
            await asyncio.get_running_loop().create_datagram_endpoint(_Echo, local_addr=("0.0.0.0", port))  # noqa: S104
    tell("ready")
    await asyncio.get_running_loop().create_future()


class _Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(b"!", addr)  # type: ignore[attr-defined]  # asyncio hands over a datagram transport


def listen(interface: str) -> int:
    ipv4 = 0x0800
    seen = 0
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ipv4)) as wire:
        wire.bind((interface, ipv4))
        tell("ready")
        while True:
            ready, _, _ = select.select([wire, sys.stdin], [], [])
            if wire in ready:
                _, origin = wire.recvfrom(2048)
                seen += origin[2] == socket.PACKET_HOST
            elif sys.stdin in ready:
                return seen


def main() -> None:
    match sys.argv[1:]:
        case ["reach", host, kind, ranges, *within]:
            resource.setrlimit(resource.RLIMIT_NOFILE, (AT_ONCE + 100, AT_ONCE + 100))
            result: object = asyncio.run(reach(host, kind, expand(ranges), seconds(within)))
        case ["ping", host, *within]:
            result = ping(host, seconds(within))
        case ["raw", host, protocol, source]:
            result = raw(host, int(protocol), source)
        case ["answer", kind, *ports]:
            result = asyncio.run(answer(kind, [int(port) for port in ports]))
        case ["listen", interface]:
            result = listen(interface)
        case _:
            raise SystemExit(__doc__)
    tell(result)


if __name__ == "__main__":
    main()
