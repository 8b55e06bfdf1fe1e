"""Pass-phrases that people choose: what is in a list of breached passwords, or made of such, is refused (ASVS V6.2.4, V6.2.12)."""

from __future__ import annotations

import pytest
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.guessing import HARD_LOG10, LONGEST, guesses_log10, require_hard

SHORTEST = 12
"""Characters, here as everywhere that a pass-phrase is chosen."""

BREACHED: list[str] = FREQUENCY_LISTS["passwords"]


@pytest.mark.parametrize(
    "phrase",
    [
        "123456789012",
        "password1234",
        "Password123!",
        "P@ssw0rd2024",
        "passwordpassword",
        "qwertyuiop12",
        "qwerty123456",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "iloveyou1234",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "abcdefghijkl",
        "198501011985",
        "administrator",
        "letmein12345",
    ],
)
def test_V6_2_4_what_everybody_tries_first_is_refused(phrase: str) -> None:
    with pytest.raises(FieldInvalid) as refused:
        require_hard(phrase, field="phrase")

    assert (refused.value.field, refused.value.params) == ("phrase", {"rule": "guessed_soon"})
    assert phrase not in str(refused.value)


def test_V6_2_12_every_breached_password_that_is_long_enough_is_refused() -> None:
    long_enough = [password for password in BREACHED if len(password) >= SHORTEST]

    assert len(BREACHED) >= 30_000
    assert [phrase for phrase in long_enough if guesses_log10(phrase) >= HARD_LOG10] == []


def test_V6_2_4_the_3000_commonest_passwords_made_long_enough_are_refused() -> None:
    """Few of them have 12 characters; people make them longer by saying them again."""
    made_long = [password * -(-SHORTEST // len(password)) for password in BREACHED[:3000]]

    assert len(set(made_long)) >= 2900
    assert [phrase for phrase in made_long if guesses_log10(phrase) >= HARD_LOG10] == []


@pytest.mark.parametrize(
    "phrase",
    [
        "eleven blue umbrellas",
        "four words of chalk",
        "correct horse battery",
        "窗外的柚子樹開了三朵白花",
        "正確的馬電池 staple 九",
        "xK7#vQ2!mR9z",
    ],
)
def test_words_that_have_nothing_to_do_with_each_other_are_taken(phrase: str) -> None:
    require_hard(phrase, field="phrase")


def test_the_words_of_a_place_are_guessed_sooner_there() -> None:
    phrase = "zorblax-qintar"

    assert guesses_log10(phrase, ["zorblax-qintar"]) < HARD_LOG10 <= guesses_log10(phrase)


def test_the_longest_phrase_is_judged_and_what_is_beyond_is_not_read() -> None:
    assert guesses_log10("password" * (LONGEST // 8) + "a long tail") < HARD_LOG10
