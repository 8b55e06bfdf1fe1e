"""Load the catalogue, choose a language, fill in sentences."""

from __future__ import annotations

import functools
import string
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources

import msgspec

LANGUAGES = ("zh-Hant-TW", "en")
"""In order of preference: the first one answers whoever names neither."""

_UNFORESEEN = "GW-000"


class ErrorWords(msgspec.Struct, frozen=True, kw_only=True):
    """The pattern of every error: what happened → where the data is → what to do now."""

    what: str
    where: str
    now: str


class Catalogue:
    """``texts`` maps language → key → text."""

    def __init__(self, texts: Mapping[str, Mapping[str, str]]) -> None:
        self._texts = texts

    def texts(self, language: str) -> Mapping[str, str]:
        """All keys of one of :data:`LANGUAGES`. Raises KeyError for another."""
        return self._texts[language]

    def error(self, language: str, code: str, params: Mapping[str, str | int]) -> ErrorWords:
        """Words for an error code, with the sentences that ``params`` can fill.

        A sentence whose placeholder is not among ``params`` gives way to its ``_plain`` twin. A code without
        words gets those of the unforeseen error.
        """
        texts = self._texts[language]
        base = f"error.{code}" if f"error.{code}.what" in texts else f"error.{_UNFORESEEN}"
        return ErrorWords(
            what=_fill(texts, f"{base}.what", params),
            where=_fill(texts, f"{base}.where", params),
            now=_fill(texts, f"{base}.now", params),
        )

    @staticmethod
    def choose(accept_language: str) -> str:
        """Language for an ``Accept-Language`` header (RFC 9110 §12.5.4), by its primary subtags and weights."""
        ranges = sorted(_language_ranges(accept_language), key=lambda entry: -entry[1])
        for tag, weight in ranges:
            if weight > 0 and tag.split("-")[0] in {"zh", "en"}:
                return "en" if tag.startswith("en") else LANGUAGES[0]
        return LANGUAGES[0]


class _PackageTexts(Mapping[str, Mapping[str, str]]):
    """The package's own files. Each is read when its language is first spoken: a box that nobody asks in English reads half."""

    def __getitem__(self, language: str) -> Mapping[str, str]:
        if language not in LANGUAGES:
            raise KeyError(language)
        return _read(language)

    def __iter__(self) -> Iterator[str]:
        return iter(LANGUAGES)

    def __len__(self) -> int:
        return len(LANGUAGES)


@functools.cache
def _read(language: str) -> Mapping[str, str]:
    file = resources.files(__name__.rpartition(".")[0]) / f"{language}.toml"
    return dict(_flatten(tomllib.loads(file.read_text("utf-8"))))


def load_catalogue() -> Catalogue:
    """The package's own words."""
    return Catalogue(_PackageTexts())


def placeholders(text: str) -> frozenset[str]:
    """Names in braces of one text."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def _fill(texts: Mapping[str, str], key: str, params: Mapping[str, str | int]) -> str:
    known = {name for name, value in params.items() if value != ""}
    text = texts[key] if placeholders(texts[key]) <= known else texts[f"{key}_plain"]
    return text.format_map(params)


def _flatten(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        elif isinstance(value, str):
            yield f"{prefix}{name}", value
        else:
            raise TypeError(f"{prefix}{name}: a word is text")


def _language_ranges(header: str) -> Iterator[tuple[str, float]]:
    for entry in header.split(","):
        tag, _, weight = entry.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            quality = 0.0
        yield tag.strip().lower(), quality
