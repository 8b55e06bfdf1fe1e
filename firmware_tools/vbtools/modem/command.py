"""``vb-modem``: find a modem's ports, ask it about itself, its SIM and the network, try an APN, and talk AT.

Stop the gateway first (systemctl stop visitbridge.target visitbridge.service): a modem's port has one user at a time. Secrets are asked for, never
given on the command line, and neither printed nor kept.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from vbtools.command import ask_hidden, run, say
from vbtools.modem.apn import try_apn
from vbtools.modem.console import Transcript, command_of, say_on
from vbtools.modem.holders import holders_of
from vbtools.modem.probing import as_text, probe, write_report
from vbtools.modem.sim_pin import unlock
from vbtools.modem.transports import FAMILIES, Options, map_ports, open_line, open_session
from visitbridge.domain.modem import ApnAuth, Bearer
from visitbridge.errors import FieldInvalid, ModemRefused, ModemSilent

Act = Callable[[argparse.Namespace, Options], Awaitable[None]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vb-modem",
        description="What a technician does with a mobile modem.",
        epilog=(__doc__ or "").partition("\n\n")[2],
        allow_abbrev=False,
    )
    parser.add_argument(
        "--port", type=Path, metavar="PORT", help="AT port, or a link to it; else found on USB"
    )
    parser.add_argument("--family", choices=FAMILIES, help="family of the modem; else by its USB identity")
    parser.add_argument("--allow-virtual", action="store_true", help="take a simulated modem too")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add(commands, "ports", _ports, "every serial port on USB: what it is, and which program has it open")
    probing = _add(commands, "probe", _probe, "model, firmware, SIM, network, signal; changes nothing")
    probing.add_argument("--report", type=Path, metavar="FILE", help="write FILE.json and FILE.txt")
    _add(
        commands, "enter-pin", _enter_pin, "enter the SIM's PIN, which is asked for; never with the last try"
    )
    apn = _add(commands, "apn", _apn, "try an access point: register, attach, get an address")
    apn.add_argument("name", help="as the contract with the carrier has it")
    apn.add_argument("--auth", choices=[each.value for each in ApnAuth], default="none")
    apn.add_argument("--user", default="", help="its password is asked for")
    apn.add_argument("--context", type=int, default=1, help="the modem's number for it (1)")
    apn.add_argument("--wait", type=float, default=60.0, metavar="S", help="for the network (60)")
    for name, act, description in (
        ("at", _at, "send commands as they are; the first refused one ends it, with exit code 1"),
        (
            "console",
            _console,
            "type commands, see answers and what the modem says by itself; ends with Ctrl-D",
        ),
    ):
        talk = _add(commands, name, act, description)
        talk.add_argument("--transcript", type=Path, metavar="FILE", help="new file with all that was said")
        talk.add_argument("--deadline", type=float, default=10.0, metavar="S", help="for each answer (10)")
        if act is _at:
            talk.add_argument("commands", nargs="+", metavar="COMMAND", help="such as AT+CSQ")
    return parser


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, act: Act, description: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=description, description=description, allow_abbrev=False)
    command.set_defaults(handler=lambda arguments: asyncio.run(_with_options(act, arguments)))
    return command


async def _with_options(act: Act, arguments: argparse.Namespace) -> None:
    options = Options(port=arguments.port, family=arguments.family, allow_virtual=arguments.allow_virtual)
    await act(arguments, options)


async def _ports(_: argparse.Namespace, __: Options) -> None:
    mapped = map_ports()
    for each in mapped:
        port = each.port
        users = ", ".join(f"{holder.name} ({holder.pid})" for holder in holders_of(port.device))
        print(
            *(
                port.device,
                port.identity,
                f"{port.interface:02d}",
                each.family or "-",
                each.role or "-",
                users or "-",
            ),
            sep="\t",
        )
    if not mapped:
        say("tools.modem.no_ports")


async def _probe(arguments: argparse.Namespace, options: Options) -> None:
    async with open_session(options) as session:
        report = await probe(session)
    print(as_text(report), end="")
    if arguments.report is not None:
        data, text = write_report(report, arguments.report)
        say("tools.modem.written", data=str(data), text=str(text))


async def _enter_pin(_: argparse.Namespace, options: Options) -> None:
    async with open_session(options) as session:
        opened = await unlock(session, lambda: ask_hidden("tools.modem.pin"))
    say("tools.modem.opened" if opened else "tools.modem.needs_no_pin")


async def _apn(arguments: argparse.Namespace, options: Options) -> None:
    auth = ApnAuth(arguments.auth)
    password = b"" if auth is ApnAuth.NONE else ask_hidden("tools.modem.password")
    bearer = Bearer(
        apn=arguments.name,
        context=arguments.context,
        auth=auth,
        user=arguments.user,
        password=password.decode("utf-8", "replace"),
    )
    async with open_session(options) as session:
        state = await try_apn(
            session, bearer, arguments.wait, lambda step: say(f"tools.modem.step_{step}", apn=bearer.apn)
        )
    say("tools.modem.address", address=state.address, dns=", ".join(state.dns) or "-")


async def _at(arguments: argparse.Namespace, options: Options) -> None:
    commands = [command_of(text, arguments.deadline) for text in arguments.commands]
    with _transcript_file(arguments.transcript) as file:
        transcript = Transcript(print, file)
        async with open_line(options, transcript.told) as line:
            for command in commands:
                if not await say_on(line, command, transcript):
                    raise ModemRefused(command.label)


async def _console(arguments: argparse.Namespace, options: Options) -> None:
    say("tools.modem.console")
    with _transcript_file(arguments.transcript) as file:
        transcript = Transcript(print, file)
        async with open_line(options, transcript.told) as line:
            while text := await asyncio.to_thread(sys.stdin.readline):
                if not text.strip():
                    continue
                try:
                    await say_on(line, command_of(text, arguments.deadline), transcript)
                except (FieldInvalid, ModemSilent) as exc:
                    print(exc.detail, file=sys.stderr)


@contextlib.contextmanager
def _transcript_file(path: Path | None) -> Iterator[TextIO | None]:
    if path is None:
        yield None
        return
    try:
        file = path.open("x", encoding="utf-8")
    except OSError as exc:
        raise FieldInvalid(f"cannot make {path}: {exc.strerror}", field="transcript") from exc
    with file:
        yield file


if __name__ == "__main__":
    sys.exit(main())
