from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import visitbridge
from visitbridge.errors import VisitBridgeError
from visitbridge.words import LANGUAGES, load_catalogue, placeholders

WORDS = load_catalogue()
KEYS = sorted(WORDS.texts(LANGUAGES[0]))


def error_classes() -> list[type[VisitBridgeError]]:
    """Every error class of the package, wherever it is defined."""
    for module in pkgutil.walk_packages(visitbridge.__path__, "visitbridge."):
        if not module.name.endswith((".__main__", ".binding", ".env")) and ".versions." not in module.name:
            importlib.import_module(module.name)
    found: list[type[VisitBridgeError]] = [VisitBridgeError]
    for kind in found:
        found.extend(kind.__subclasses__())
    return [kind for kind in found if kind.__module__.startswith("visitbridge.")]


ERRORS = error_classes()


def test_both_languages_have_the_same_keys() -> None:
    assert sorted(WORDS.texts("en")) == sorted(WORDS.texts("zh-Hant-TW"))


def test_both_languages_fill_in_the_same_values() -> None:
    first, second = (
        {key: placeholders(text) for key, text in WORDS.texts(language).items()} for language in LANGUAGES
    )

    assert first == second


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.code)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_says_what_where_and_now(language: str, kind: type[VisitBridgeError]) -> None:
    texts = WORDS.texts(language)

    assert {f"error.{kind.code}.{part}" for part in ("what", "where", "now")} <= texts.keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.code)
def test_an_error_has_words_even_when_no_value_is_known(kind: type[VisitBridgeError], language: str) -> None:
    words = WORDS.error(language, kind.code, {})

    assert "{" not in words.what + words.where + words.now


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in ERRORS if "code" in vars(kind)]

    assert sorted(codes) == sorted(set(codes))


def test_no_words_for_errors_that_do_not_exist() -> None:
    spoken_of = {key.split(".")[1] for key in KEYS if key.startswith("error.")}

    assert spoken_of == {kind.code for kind in ERRORS}


def test_no_state_is_called_by_a_word_that_says_too_little() -> None:
    assert chinese_with("同步|成功") == []
    assert chinese_with("^[。！ ✓]*已?完成[。！ ✓]*$") == []


def test_chinese_sentences_use_full_width_punctuation() -> None:
    quoted = ["ui.controlled.notice"]  # the insurer's own sentence, shown as it is printed (M10)
    assert chinese_with(r"[\u4e00-\u9fff][,;:!?]|[\u4e00-\u9fff]\.(\s|$)") == quoted


def chinese_with(pattern: str) -> list[str]:
    return [key for key, text in WORDS.texts("zh-Hant-TW").items() if re.search(pattern, text)]


@pytest.mark.parametrize(
    ("params", "what"),
    [
        ({"tries_left": 2}, "密碼不正確。還可以試 2 次，之後卡片會鎖住。"),
        ({}, "密碼不正確。"),
        ({"tries_left": ""}, "密碼不正確。"),
        ({"another": 1}, "密碼不正確。"),
    ],
)
def test_a_sentence_is_said_only_with_its_value(params: dict[str, str | int], what: str) -> None:
    assert WORDS.error("zh-Hant-TW", "GW-CRD-06", params).what == what


def test_an_unknown_code_gets_the_words_of_the_unforeseen_error() -> None:
    assert WORDS.error("en", "GW-XXX-99", {}) == WORDS.error("en", "GW-000", {})


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh-Hant-TW"),
        ("zh-TW,zh;q=0.9,en-US;q=0.8", "zh-Hant-TW"),
        ("en-US,en;q=0.9", "en"),
        ("fr-FR, en;q=0.5", "en"),
        ("fr", "zh-Hant-TW"),
        ("en;q=0, zh;q=0.1", "zh-Hant-TW"),
        ("en;q=0.2, zh-Hant;q=0.7", "zh-Hant-TW"),
        ("en;q=x", "zh-Hant-TW"),
        ("*", "zh-Hant-TW"),
    ],
)
def test_the_language_follows_the_browser(header: str, language: str) -> None:
    assert WORDS.choose(header) == language
