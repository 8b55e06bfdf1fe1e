"""Read ``visitbridge.toml`` and ``conf.d/*.toml`` into a :class:`Config`, or report every problem at once."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from visitbridge.config.rules import contradictions
from visitbridge.config.sections import Config
from visitbridge.errors import ConfigError

DEFAULT_FILE = Path("/etc/visitbridge/visitbridge.toml")

_SECTIONS: dict[str, type[msgspec.Struct]] = {
    field.name: field.type for field in msgspec.structs.fields(Config)
}


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """``origins`` maps ``section.key`` to the file that set it; a key that is not in it has its default."""

    config: Config
    origins: dict[str, Path]


def load_config(file: Path | None = None) -> Loaded:
    """Read ``file`` (default: :data:`DEFAULT_FILE`, which may be absent) and ``conf.d`` beside it.

    Files of ``conf.d`` are read in the order of their names; a later one overrides single keys. Raises
    ConfigError whose ``problems`` name file, section and key of everything that is wrong.
    """
    reading = _Reading()
    main = file or DEFAULT_FILE
    if file is not None or main.exists():
        reading.add(main)
    for extra in sorted((main.parent / "conf.d").glob("*.toml")):
        reading.add(extra)
    return reading.finish()


class _Reading:
    """One pass over the files, collecting values, where they came from, and what is wrong."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, Any]] = {name: {} for name in _SECTIONS}
        self._origins: dict[str, Path] = {}
        self._problems: list[str] = []

    def add(self, file: Path) -> None:
        try:
            document = tomllib.loads(file.read_text("utf-8"))
        except OSError as exc:
            self._problems.append(f"{file}: cannot be read: {exc.strerror}")
            return
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
            self._problems.append(f"{file}: not a TOML file: {exc}")
            return
        for name, content in document.items():
            section = _SECTIONS.get(name)
            if section is None:
                self._problems.append(f"{file}: [{name}] is unknown{_nearest(name, _SECTIONS)}")
            elif not isinstance(content, dict):
                self._problems.append(f"{file}: {name} is a section, written [{name}]")
            else:
                self._add_section(file, name, section, content)

    def _add_section(
        self, file: Path, name: str, section: type[msgspec.Struct], content: dict[str, object]
    ) -> None:
        known = {field.name: field for field in msgspec.structs.fields(section)}
        for key, raw in content.items():
            field = known.get(key)
            if field is None:
                self._problems.append(f"{file}: [{name}] {key} is unknown{_nearest(key, known)}")
                continue
            try:
                value = msgspec.convert(raw, field.type, dec_hook=_path)
            except msgspec.ValidationError as exc:
                self._problems.append(f"{file}: [{name}] {key}: {exc}")
                continue
            self._values[name][key] = value
            self._origins[f"{name}.{key}"] = file

    def finish(self) -> Loaded:
        sections: dict[str, Any] = {name: kind(**self._values[name]) for name, kind in _SECTIONS.items()}
        config = Config(**sections)
        for section_name, key, problem in contradictions(config):
            origin = self._origins.get(f"{section_name}.{key}", "default")
            self._problems.append(f"{origin}: [{section_name}] {key}: {problem}")
        if self._problems:
            raise ConfigError(problems=tuple(self._problems))
        return Loaded(config=config, origins=dict(self._origins))


def _path(kind: type, raw: object) -> Path:
    if kind is not Path:
        raise NotImplementedError(kind)
    if not isinstance(raw, str) or not raw:
        raise msgspec.ValidationError("Expected a path as text")
    return Path(raw)


def _nearest(word: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]}?" if close else f" (known: {', '.join(known)})"
