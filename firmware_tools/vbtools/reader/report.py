"""A report on one reader, for programs (JSON) and for people (text). Nothing of what is on a card is in it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec

from vbtools.new_files import PUBLIC, write_new
from vbtools.reader.burn_in import BurnIn
from vbtools.reader.probing import ProbedCard, probe
from visitbridge import __version__
from visitbridge.errors import CardError, DeviceError
from visitbridge.ports.card_channel import CardProtocol
from visitbridge.ports.cards import CardReader, ReaderCapability, ReaderInfo, ReaderState
from visitbridge.ports.reader_facts import Described, ReaderFacts


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """``protocol`` and ``applications`` of a card that could be asked, ``card_error``: why it could not, as a code.

    ``burn_in`` where there was one.
    """

    made_at: dt.datetime
    version: str = __version__
    reader_id: str
    name: str
    transport: str
    virtual: bool
    capability: ReaderCapability
    state: ReaderState
    battery_percent: int | None
    signal_dbm: int | None
    facts: ReaderFacts
    atr: str = ""
    protocol: CardProtocol | None = None
    applications: tuple[str, ...] = ()
    card_error: str = ""
    burn_in: BurnIn | None = None


async def examine(reader: CardReader) -> Report:
    """What the reader tells of itself and which kind of card is in it. Raises DeviceError for one that is away."""
    facts = await reader.read_facts() if isinstance(reader, Described) else ReaderFacts()
    card: ProbedCard | None = None
    error = ""
    if reader.info.state in {ReaderState.CARD, ReaderState.MUTE}:
        try:
            card = await probe(reader)
        except (CardError, DeviceError) as exc:
            error = exc.code
    return _report(reader.info, facts, card, error)


def as_text(report: Report) -> str:
    """Every line is ``what: value``; what is not known has no line."""
    facts = report.facts
    burn_in = report.burn_in
    lines = {
        "reader": f"{report.name} ({report.reader_id}, {report.transport}{', virtual' if report.virtual else ''})",
        "vendor": facts.vendor,
        "model": facts.model,
        "serial number": facts.serial,
        "firmware": facts.firmware,
        "can": ", ".join(name for name, has in msgspec.structs.asdict(report.capability).items() if has),
        "battery": "" if report.battery_percent is None else f"{report.battery_percent} %",
        "signal": "" if report.signal_dbm is None else f"{report.signal_dbm} dBm",
        "state": report.state.value,
        "ATR": report.atr,
        "protocol": report.protocol or "",
        "applications": ", ".join(report.applications),
        "card": report.card_error,
    }
    if burn_in is not None:
        lines |= _of_burn_in(burn_in)
    lines["made"] = f"{report.made_at.isoformat(timespec='seconds')}, visitbridge {report.version}"
    return "".join(f"{name}: {value}\n" for name, value in lines.items() if value)


def report_files(file: Path) -> tuple[Path, Path]:
    """The names of what ``write_report`` makes."""
    return file.with_name(f"{file.name}.json"), file.with_name(f"{file.name}.txt")


def write_report(report: Report, file: Path) -> tuple[Path, Path]:
    """``file`` with .json and .txt at its end. Raises FieldInvalid (``file``) when one of them exists."""
    data, text = report_files(file)
    write_new(data, msgspec.json.format(msgspec.json.encode(report)) + b"\n", mode=PUBLIC)
    write_new(text, as_text(report).encode(), mode=PUBLIC)
    return data, text


def _report(info: ReaderInfo, facts: ReaderFacts, card: ProbedCard | None, error: str) -> Report:
    return Report(
        made_at=dt.datetime.now(dt.UTC),
        reader_id=info.reader_id,
        name=info.name,
        transport=info.transport,
        virtual=info.virtual,
        capability=info.capability,
        state=info.state,
        battery_percent=info.battery_percent,
        signal_dbm=info.signal_dbm,
        facts=facts,
        atr=info.atr,
        protocol=card.protocol if card else None,
        applications=card.applications if card else (),
        card_error=error,
    )


def _of_burn_in(burn_in: BurnIn) -> dict[str, str]:
    latency = burn_in.latency_ms
    return {
        "burn-in": f"{burn_in.good} of {burn_in.reads} reads good, {burn_in.commands} commands",
        "answers that differed": str(burn_in.different or ""),
        "errors": ", ".join(f"{code} {times} times" for code, times in burn_in.errors.items()),
        "milliseconds a read": ""
        if latency is None
        else f"p50 {latency.p50}, p95 {latency.p95}, p99 {latency.p99}, longest {latency.longest}",
    }
