"""What the command line says, in the terminal's language."""

from __future__ import annotations

import os

from visitbridge.words import load_catalogue


def say(key: str) -> str:
    return load_catalogue().texts(language())[key]


def language() -> str:
    """The terminal's language, by the variables of POSIX locales in their order."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((value for value in map(os.environ.get, names) if value), "")
    return "zh-Hant-TW" if locale.startswith("zh") else "en"
