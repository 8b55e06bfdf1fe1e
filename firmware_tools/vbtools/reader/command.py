"""``vb-reader``: find readers, ask them about themselves, pair, send commands, and read a card a thousand times.

Stop the gateway first where it uses the same reader (systemctl stop visitbridge.target visitbridge.service): a reader has one user at a time.
READER is an id as ``list`` shows it, or the beginning of one; it can be left out where there is only one reader.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from vbtools.command import run, say
from vbtools.new_files import require_writable
from vbtools.reader.burn_in import burn_in
from vbtools.reader.keys import KeyFile
from vbtools.reader.pairing import pair, scan
from vbtools.reader.probing import send_raw
from vbtools.reader.report import as_text, examine, report_files, write_report
from vbtools.reader.transports import Options, Transports, open_transports
from visitbridge.errors import DeviceError, FieldInvalid
from visitbridge.ports.bluetooth import Bluetooth

Act = Callable[[argparse.Namespace, Transports], Awaitable[None]]

_NOTE_EVERY = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vb-reader",
        description="What a technician does with a card reader, by USB or Bluetooth.",
        epilog=(__doc__ or "").partition("\n\n")[2],
        allow_abbrev=False,
    )
    parser.add_argument("--no-usb", action="store_true", help="leave readers by PC/SC alone")
    parser.add_argument(
        "--bluetooth",
        type=Path,
        metavar="FILE",
        help="use Bluetooth too; FILE remembers the readers paired here and the keys given to them",
    )
    parser.add_argument("--allow-virtual", action="store_true", help="take simulated readers too")
    parser.add_argument(
        "--wait", type=float, default=5.0, metavar="S", help="how long to wait for readers and cards (5)"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add(commands, "list", _list, "every reader and what is in it")
    _add(
        commands,
        "probe",
        _probe,
        "vendor, serial number, firmware; ATR and applications of its card",
        reader=True,
    )
    apdu = _add(commands, "apdu", _apdu, "send commands to the card as they are, in one session", reader=True)
    apdu.add_argument(
        "commands", nargs="+", metavar="HEX", help="command APDU; the first refused one ends it"
    )
    burn = _add(
        commands,
        "burn-in",
        _burn_in,
        "read the card many times; exit code 1 when not all was well",
        reader=True,
    )
    burn.add_argument("--count", type=_count, default=1000, help="how many times (1000)")
    burn.add_argument("--report", type=Path, metavar="FILE", help="write FILE.json and FILE.txt")
    report = _add(commands, "report", _report, "what probe tells, as files", reader=True)
    report.add_argument("report", type=Path, metavar="FILE", help="write FILE.json and FILE.txt")
    _add(commands, "scan", _scan, "Bluetooth readers that can be paired")
    paired = _add(commands, "pair", _pair, "pair with a Bluetooth reader and remember it; its key is changed")
    paired.add_argument("address", help="as scan shows it")
    _add(commands, "rotate-key", _rotate_key, "give a Bluetooth reader another master key", reader=True)
    _add(commands, "give-back", _give_back, "back to the factory's key, and forget the reader", reader=True)
    return parser


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    act: Act,
    description: str,
    *,
    reader: bool = False,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=description, description=description, allow_abbrev=False)
    if reader:
        command.add_argument("--reader", default="", help="id, or the beginning of one")
    command.set_defaults(handler=lambda arguments: asyncio.run(_with_transports(act, arguments)))
    return command


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 1_000_000:
        raise argparse.ArgumentTypeError("1 to 1000000")
    return count


async def _with_transports(act: Act, arguments: argparse.Namespace) -> None:
    options = Options(
        usb=not arguments.no_usb,
        keys=arguments.bluetooth,
        allow_virtual=arguments.allow_virtual,
        wait_s=arguments.wait,
    )
    async with open_transports(options) as transports:
        await act(arguments, transports)


async def _list(_: argparse.Namespace, transports: Transports) -> None:
    for info in transports.readers():
        print(f"{info.reader_id}\t{info.state}\t{info.transport}\t{info.name}")
    if not transports.readers():
        say("tools.reader.none")


async def _probe(arguments: argparse.Namespace, transports: Transports) -> None:
    reader = transports.find(arguments.reader)
    await transports.wait_card(reader)
    print(as_text(await examine(reader)), end="")


async def _apdu(arguments: argparse.Namespace, transports: Transports) -> None:
    reader = transports.find(arguments.reader)
    commands = [_bytes(text) for text in arguments.commands]
    await transports.wait_card(reader)
    for answer in await send_raw(reader, commands):
        print(answer.hex().upper())


async def _burn_in(arguments: argparse.Namespace, transports: Transports) -> None:
    if arguments.report is not None:
        require_writable(*report_files(arguments.report))
    reader = transports.find(arguments.reader)
    await transports.wait_card(reader)
    report = await examine(reader)

    def note(number: int) -> None:
        if number % _NOTE_EVERY == 0:
            print(f"{number}/{arguments.count}", file=sys.stderr)

    result = await burn_in(reader, arguments.count, note)
    report = msgspec.structs.replace(report, burn_in=result, made_at=dt.datetime.now(dt.UTC))
    print(as_text(report), end="")
    if arguments.report is not None:
        _tell_written(*write_report(report, arguments.report))
    if not result.is_good:
        raise DeviceError(f"{result.good} of {result.reads} reads good, {result.different} differed")


async def _report(arguments: argparse.Namespace, transports: Transports) -> None:
    reader = transports.find(arguments.reader)
    await transports.wait_card(reader)
    _tell_written(*write_report(await examine(reader), arguments.report))


async def _scan(_: argparse.Namespace, transports: Transports) -> None:
    bluetooth, _keys = _bluetooth(transports)
    for heard in await scan(bluetooth, transports.wait_s):
        print(f"{heard.address}\t{heard.family}\t{heard.signal_dbm}\t{heard.name}")


async def _pair(arguments: argparse.Namespace, transports: Transports) -> None:
    bluetooth, keys = _bluetooth(transports)
    reader = await pair(bluetooth, keys, arguments.address, transports.wait_s)
    await transports.wait_answering()
    say("tools.reader.paired", reader=reader.reader_id)


async def _rotate_key(arguments: argparse.Namespace, transports: Transports) -> None:
    bluetooth, _keys = _bluetooth(transports)
    reader_id = transports.find(arguments.reader).info.reader_id
    await bluetooth.rotate_key(reader_id)
    say("tools.reader.rotated", reader=reader_id)


async def _give_back(arguments: argparse.Namespace, transports: Transports) -> None:
    bluetooth, keys = _bluetooth(transports)
    reader = keys.get(transports.find(arguments.reader).info.reader_id)
    await bluetooth.give_back(reader.reader_id)
    bluetooth.dismiss(reader.reader_id)
    await bluetooth.forget(reader.address)
    keys.remove(reader.reader_id)
    say("tools.reader.given_back", reader=reader.reader_id)


def _bluetooth(transports: Transports) -> tuple[Bluetooth, KeyFile]:
    if transports.bluetooth is None or transports.keys is None:
        raise FieldInvalid("this needs --bluetooth FILE", field="bluetooth")
    return transports.bluetooth, transports.keys


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as exc:
        raise FieldInvalid("commands are hexadecimal", field="commands") from exc


def _tell_written(data: Path, text: Path) -> None:
    say("tools.reader.written", data=str(data), text=str(text))


if __name__ == "__main__":
    sys.exit(main())
