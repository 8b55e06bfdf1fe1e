"""Which settings go over to another box, and which stay because they are what makes a box this one box."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Final

import msgspec

from visitbridge import __version__
from visitbridge.config import Config, Loaded, load_config
from visitbridge.config.show import toml_value
from visitbridge.errors import ConfigError, FieldInvalid

FORMAT: Final = 1

STAYS: Final = frozenset(
    {
        # Who the box is, and who was let in to it.
        *("box", "pairing", "store", "http.tls_cert", "http.tls_key", "modem.serial"),
        # Names of secrets and of programs that only that machine has.
        *("http.metrics_credential", "modem.apn_credential", "modem.sim_pin_credential"),
        *("modem.power_hook", "modem.reboot_hook", "http.webui_dir"),
        # Ports and devices of a laboratory.
        *("lab", "http.bind", "http.port", "http.plain_port", "readers.socket"),
    }
)
"""Sections, and keys as ``section.key``. Everything else that somebody set goes over."""

RESTORED: Final = "conf.d/40-restored.toml"
"""Read before ``50-box.toml``, so that what the new box was provisioned with wins."""


class Backup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``settings``: section → key → value, only what differs from nothing. ``box``: for people; it is not restored."""

    format: int = FORMAT
    version: str = __version__
    box: str
    made_at: dt.datetime
    settings: dict[str, dict[str, Any]]


class _Head(msgspec.Struct):
    format: int


def collect(configuration: Path, now: dt.datetime) -> Backup:
    """What was set in ``configuration`` and ``conf.d`` beside it, without what stays. Raises ConfigError."""
    loaded = load_config(configuration)
    return Backup(box=loaded.config.box.name, made_at=now, settings=_going_over(loaded))


def encode(backup: Backup) -> bytes:
    return msgspec.json.encode(backup)


def decode(content: bytes) -> Backup:
    """Raises FieldInvalid (``file``): made by a newer program, or no backup."""
    try:
        head = msgspec.json.decode(content, type=_Head)
        if head.format > FORMAT:
            raise FieldInvalid(
                f"made by a newer program (format {head.format}, this one knows {FORMAT})", field="file"
            )
        return msgspec.json.decode(content, type=Backup)
    except msgspec.DecodeError as exc:
        raise FieldInvalid("no backup of settings", field="file") from exc


def as_toml(backup: Backup) -> str:
    """The file that a box reads. Raises FieldInvalid (``file``) for what has no place on another box."""
    lines = [f"# Restored from {_one_line(backup.box)}, {backup.made_at.isoformat(timespec='seconds')}."]
    for section, values in sorted(backup.settings.items()):
        refused = {section, *(f"{section}.{key}" for key in values)} & STAYS
        if refused:
            raise FieldInvalid(f"{', '.join(sorted(refused))} is of another box", field="file")
        lines += ["", f"[{section}]"]
        lines += [f"{key} = {toml_value(_frozen(value))}" for key, value in sorted(values.items())]
    return "\n".join(lines) + "\n"


def check(backup: Backup, configuration: Path, scratch: Path) -> None:
    """Whether this box's program takes the settings, tried in the empty folder ``scratch``. Raises ConfigError."""
    trial = scratch / configuration.name
    (scratch / "conf.d").mkdir()
    trial.write_text(configuration.read_text("utf-8") if configuration.exists() else "", "utf-8")
    for extra in sorted((configuration.parent / "conf.d").glob("*.toml")):
        (scratch / "conf.d" / extra.name).write_text(extra.read_text("utf-8"), "utf-8")
    (scratch / RESTORED).write_text(as_toml(backup), "utf-8")
    try:
        load_config(trial)
    except ConfigError as exc:
        problems = tuple(problem.replace(f"{scratch}/", "") for problem in exc.problems)
        raise ConfigError(problems=problems) from exc


def _going_over(loaded: Loaded) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for section in msgspec.structs.fields(Config):
        values = getattr(loaded.config, section.name)
        kept = {
            key.name: _plain(getattr(values, key.name))
            for key in msgspec.structs.fields(values)
            if f"{section.name}.{key.name}" in loaded.origins
            and not {section.name, f"{section.name}.{key.name}"} & STAYS
        }
        found |= {section.name: kept} if kept else {}
    return found


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
