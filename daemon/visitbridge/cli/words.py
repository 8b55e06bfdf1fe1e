"""What the command line says, in the terminal's language."""

from __future__ import annotations

import os
from collections.abc import Mapping

from visitbridge.words import load_catalogue


def say(key: str) -> str:
    return load_catalogue().texts(language())[key]


def say_link(state: str) -> str:
    """How the way to the data centre is; ``state`` as the live topic has it, empty before anybody has looked."""
    return say(f"ui.strip.link.{state or 'unknown'}")


def say_error(code: str, params: Mapping[str, str | int]) -> str:
    """One line: the code, what happened, where the data is, what to do now."""
    words = load_catalogue().error(language(), code, params)
    return f"{code} {words.what} {words.where} {words.now}"


def language() -> str:
    """The terminal's language, by the variables of POSIX locales in their order."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((value for value in map(os.environ.get, names) if value), "")
    return "zh-Hant-TW" if locale.startswith("zh") else "en"
