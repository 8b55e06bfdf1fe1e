"""``vb-selftest``: try a box as a whole before it goes out, for minutes or a night, and sign what was found.

Stop the gateway first (systemctl stop visitbridge.target visitbridge.service) and put a card into every reader. The key that signs is made on the
box at its first use; write its fingerprint down then (vb-selftest key), for whoever verifies a report later.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import logging
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from vbtools.command import language, run, say
from vbtools.modem.transports import FAMILIES, Options
from vbtools.new_files import PUBLIC, read_given, require_writable, write_new
from vbtools.selftest.certificates import try_certificates
from vbtools.selftest.devices import BoardSupply, try_modem, try_readers, try_store
from vbtools.selftest.isolation import try_isolation
from vbtools.selftest.machine import ClockWatch, Watch, describe_machine, try_disk
from vbtools.selftest.model import PROBES, Finding, Report, worst_of
from vbtools.selftest.paper import draw
from vbtools.selftest.signing import BOX_KEY, fingerprint_of, open_key, sign_json, sign_pdf, verify
from vbtools.selftest.wording import describe, verdict
from visitbridge.errors import FieldInvalid
from visitbridge.words import load_catalogue

STATE = Path("/var/lib/visitbridge")
EXIT_NOT_GOOD = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 1 also for a box that is not good."""
    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
    return run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vb-selftest",
        description="Try a box as a whole and sign what was found.",
        epilog=(__doc__ or "").partition("\n\n")[2],
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    trial = commands.add_parser(
        "run", help="try everything; writes FILE.json and FILE.pdf, both signed", allow_abbrev=False
    )
    trial.add_argument("report", type=Path, metavar="FILE")
    trial.add_argument("--box", default=socket.gethostname(), help="its name on the report (the host's)")
    trial.add_argument("--rounds", type=_count, default=1, help="how often everything is tried (1)")
    trial.add_argument("--reads", type=_count, default=100, help="reads of each card a round (100)")
    trial.add_argument("--commits", type=_count, default=200, help="commits a round, each on its own (200)")
    trial.add_argument("--megabytes", type=_count, default=64, help="written and read back a round (64)")
    trial.add_argument("--wait", type=float, default=5.0, metavar="S", help="for readers and cards (5)")
    trial.add_argument("--require", type=_probes, default=(), metavar="PROBE,…", help="must find something")
    trial.add_argument("--state", type=Path, default=STATE, help=f"folder of the gateway's data ({STATE})")
    trial.add_argument(
        "--host", action="append", default=[], help="name or address that phones use; may repeat"
    )
    trial.add_argument("--modem-port", type=Path, help="its AT port; else found on USB")
    trial.add_argument("--modem-family", choices=FAMILIES)
    trial.add_argument(
        "--allow-virtual", action="store_true", help="take simulated devices too; the report says so"
    )
    trial.add_argument("--key", type=Path, default=BOX_KEY, help=f"the box's signing key ({BOX_KEY})")
    trial.set_defaults(handler=lambda options: asyncio.run(_run(options)))
    key = commands.add_parser("key", help="the fingerprint of this box's signing key", allow_abbrev=False)
    key.add_argument("--key", type=Path, default=BOX_KEY)
    key.set_defaults(handler=_key)
    check = commands.add_parser(
        "verify", help="whether this box signed a report, and what is in it", allow_abbrev=False
    )
    check.add_argument("report", type=Path, help="FILE.json or FILE.pdf")
    check.add_argument(
        "--fingerprint", required=True, help="of the box's key, as written down when it was made"
    )
    check.set_defaults(handler=_verify)
    return parser


async def _run(options: argparse.Namespace) -> None:
    if not options.state.is_dir():
        raise FieldInvalid(f"{options.state} is no folder", field="state")
    data, paper = (options.report.with_name(f"{options.report.name}.{kind}") for kind in ("json", "pdf"))
    require_writable(data, paper)
    key = open_key(options.key)
    began_at = dt.datetime.now(dt.UTC)
    findings = await _try_all(options)
    machine, system = describe_machine()
    report = Report(
        box=options.box,
        machine=machine,
        system=system,
        began_at=began_at,
        ended_at=dt.datetime.now(dt.UTC),
        rounds=options.rounds,
        required=options.require,
        findings=tuple(findings),
    )
    _tell(report)
    fingerprint = fingerprint_of(key.public_key().public_bytes_raw())
    write_new(data, sign_json(msgspec.json.encode(report), key), mode=PUBLIC)
    write_new(paper, sign_pdf(draw(report, fingerprint), key), mode=PUBLIC)
    say("tools.selftest.written", data=str(data), paper=str(paper), fingerprint=fingerprint)
    _require_passed(report)


async def _try_all(options: argparse.Namespace) -> list[Finding]:
    clock, watch = ClockWatch(), Watch(BoardSupply())
    modem = Options(port=options.modem_port, family=options.modem_family, allow_virtual=options.allow_virtual)
    rounds: dict[str, list[Finding]] = {}
    async with _watching(watch):
        for number in range(1, options.rounds + 1):
            print(f"{number}/{options.rounds}", file=sys.stderr)
            found = [
                await asyncio.to_thread(try_disk, options.state, options.megabytes),
                await try_store(options.state, options.commits),
                *await try_readers(options.reads, wait_s=options.wait, allow_virtual=options.allow_virtual),
                await try_modem(modem),
                await try_isolation(),
                try_certificates(options.state / "tls", options.host, dt.datetime.now(dt.UTC)),
            ]
            for finding in found:
                rounds.setdefault(f"{finding.probe} {finding.facts.get('reader', '')}", []).append(finding)
    told = [clock.finding(), watch.supply(), watch.temperature(), *map(worst_of, rounds.values())]
    return sorted(told, key=lambda finding: PROBES.index(finding.probe))


@contextlib.asynccontextmanager
async def _watching(watch: Watch) -> AsyncIterator[None]:
    watch.look()
    task = asyncio.create_task(watch.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        watch.look()


def _key(options: argparse.Namespace) -> None:
    print(fingerprint_of(open_key(options.key).public_key().public_bytes_raw()))


def _verify(options: argparse.Namespace) -> None:
    content = verify(read_given(options.report), options.fingerprint)
    say("tools.selftest.genuine")
    if content.startswith(b"%PDF-"):
        return
    try:
        report = msgspec.json.decode(content, type=Report)
    except msgspec.DecodeError as exc:
        raise FieldInvalid("a report of another version", field="file") from exc
    _tell(report)
    _require_passed(report)


def _tell(report: Report) -> None:
    print(f"{report.box} · {report.began_at.isoformat(timespec='seconds')} · visitbridge {report.version}")
    for line in describe(report, load_catalogue(), language()):
        print(f"{line.outcome}\t{line.probe}", *filter(None, [line.facts, line.advice]), sep="\t")
    print(verdict(report, load_catalogue(), language()))


def _require_passed(report: Report) -> None:
    if not report.passed:
        raise SystemExit(EXIT_NOT_GOOD)


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 1_000_000:
        raise argparse.ArgumentTypeError("1 to 1000000")
    return count


def _probes(text: str) -> tuple[str, ...]:
    named = tuple(text.split(","))
    unknown = sorted(set(named) - set(PROBES))
    if unknown:
        raise argparse.ArgumentTypeError(
            f"no such probe: {', '.join(unknown)}; there are {', '.join(PROBES)}"
        )
    return named


if __name__ == "__main__":
    sys.exit(main())
