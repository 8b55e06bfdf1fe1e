"""What a modem tells of itself, its SIM and the network. Nothing that identifies the SIM or the subscriber."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec

from vbtools.modem.sim_state import wait_sim
from vbtools.new_files import PUBLIC, write_new
from visitbridge import __version__
from visitbridge.domain.modem import ModemIdentity, Registration, Signal, SimState
from visitbridge.errors import DeviceError
from visitbridge.ports.modem import ModemSession


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """``pin_tries``: None when the modem cannot tell. ``network_error``: why the network could not be asked, as a code."""

    made_at: dt.datetime
    version: str = __version__
    identity: ModemIdentity
    sim: SimState
    pin_tries: int | None = None
    registration: Registration | None = None
    operator: str = ""
    signal: Signal = Signal()
    network_time: dt.datetime | None = None
    network_error: str = ""


async def probe(session: ModemSession) -> Probe:
    """Ask without changing anything. Raises DeviceError for a modem that does not answer the first two questions."""
    identity = await session.identity()
    sim = await wait_sim(session)
    told = Probe(
        made_at=dt.datetime.now(dt.UTC),
        identity=identity,
        sim=sim,
        pin_tries=await session.pin_tries() if sim is SimState.PIN else None,
    )
    if sim is not SimState.READY:
        return told
    try:
        return msgspec.structs.replace(
            told,
            registration=await session.registration(),
            operator=await session.operator(),
            signal=await session.signal(),
            network_time=await session.network_time(),
        )
    except DeviceError as exc:
        return msgspec.structs.replace(told, network_error=exc.code)


def as_text(report: Probe) -> str:
    """Every line is ``what: value``; what is not known has no line."""
    signal = report.signal
    lines = {
        "modem": f"{report.identity.manufacturer} {report.identity.model}".strip(),
        "firmware": report.identity.firmware,
        "SIM": report.sim.value,
        "tries left for the PIN": "" if report.pin_tries is None else str(report.pin_tries),
        "registration": "" if report.registration is None else report.registration.name.lower(),
        "network": report.operator,
        "signal": "" if signal.bars is None else f"{signal.bars} of 4 bars",
        "RSSI": "" if signal.rssi_dbm is None else f"{signal.rssi_dbm} dBm",
        "RSRP": "" if signal.rsrp_dbm is None else f"{signal.rsrp_dbm} dBm",
        "RSRQ": "" if signal.rsrq_db is None else f"{signal.rsrq_db:g} dB",
        "network time": ""
        if report.network_time is None
        else report.network_time.isoformat(timespec="seconds"),
        "network not asked": report.network_error,
        "made": f"{report.made_at.isoformat(timespec='seconds')}, visitbridge {report.version}",
    }
    return "".join(f"{name}: {value}\n" for name, value in lines.items() if value)


def write_report(report: Probe, file: Path) -> tuple[Path, Path]:
    """``file`` with .json and .txt at its end. Raises FieldInvalid (``file``) when one of them exists."""
    data, text = file.with_name(f"{file.name}.json"), file.with_name(f"{file.name}.txt")
    write_new(data, msgspec.json.format(msgspec.json.encode(report)) + b"\n", mode=PUBLIC)
    write_new(text, as_text(report).encode(), mode=PUBLIC)
    return data, text
