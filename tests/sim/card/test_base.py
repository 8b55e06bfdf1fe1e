"""Memory that outlives the process, pulls, and the lab's set of cards."""

from __future__ import annotations

import contextlib
import functools
import operator
import os
import re
import stat
from pathlib import Path

import pytest

from tests.sim.card.terminal import Terminal
from visitbridge.errors import CardMute, CardRemoved, NotFound, StoreDamaged
from visitbridge.protocols.nhi import applet
from visitbridge.protocols.nhi.basic import READ_BASIC, SELECT_NHI, decode_basic
from visitbridge.sim.card import CARD_IDS, Pull, PulledCard, PullMoment, build_card
from visitbridge.sim.card.nhi import NhiCard
from visitbridge.sim.card.profiles import HPC_PROFILES, NHI_PROFILES

PROFILE = NHI_PROFILES[0]
TAKE = applet.take_sequence(applet.record_key("1151122103000", "3599999999"), "01", is_make_up=False)

LETTERS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
"""In the order of their values 10 to 35 (nhi-domain §8.1)."""


def test_memory_survives_the_process(tmp_path: Path) -> None:
    Terminal(NhiCard(PROFILE, tmp_path)).ask(TAKE)

    again = NhiCard(PROFILE, tmp_path)

    assert [entry.sequence_no for entry in again.memory.entries] == ["0001"]
    assert again.memory.uses_left == PROFILE.uses_left - 1


def test_memory_is_on_the_disk_before_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but a durable rename may come before the answer: file synced, renamed, directory synced."""
    terminal = Terminal(NhiCard(PROFILE, tmp_path))
    acts: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def watched_fsync(descriptor: int) -> None:
        acts.append("sync directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "sync file")
        fsync(descriptor)

    def watched_replace(self: Path, target: Path) -> Path:
        acts.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(Path, "replace", watched_replace)
    terminal.ask(TAKE)

    assert acts == ["sync file", "rename", "sync directory"]


def test_a_change_that_cannot_be_stored_did_not_happen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = NhiCard(PROFILE, tmp_path)
    terminal = Terminal(card)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        terminal.ask(TAKE)

    assert card.memory.entries == []
    assert NhiCard(PROFILE, tmp_path).memory.entries == []


@pytest.mark.parametrize("content", [b"", b"{", b'{"uses_left": "six"}'])
def test_a_damaged_memory_file_is_reported(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "patient-wang.json").write_bytes(content)

    with pytest.raises(StoreDamaged):
        NhiCard(PROFILE, tmp_path)


@pytest.mark.parametrize(
    ("moment", "answers", "entries"),
    [(PullMoment.BEFORE, [], 0), (PullMoment.DURING, [], 1), (PullMoment.AFTER, [True], 1)],
)
def test_the_moment_of_a_pull(moment: PullMoment, answers: list[bool], entries: int) -> None:
    card = NhiCard(PROFILE)
    # The three commands that open the channel come first.
    pulled = PulledCard(card, Pull(moment, 4))
    terminal = Terminal(pulled)

    answered: list[bool] = []
    with contextlib.suppress(CardRemoved):
        answered.append(terminal.ask(TAKE).is_ok)

    assert answered == answers
    assert len(card.memory.entries) == entries
    assert pulled.is_gone


def test_a_pulled_card_stays_away() -> None:
    pulled = PulledCard(build_card("patient-wang"), Pull(PullMoment.AFTER, 1))
    pulled.execute(SELECT_NHI)

    for _ in range(2):
        with pytest.raises(CardRemoved):
            pulled.execute(READ_BASIC)
    assert pulled.executed == 1


@pytest.mark.parametrize("card_id", CARD_IDS)
def test_every_card_of_the_lab_can_be_built(card_id: str, tmp_path: Path) -> None:
    card = build_card(card_id, tmp_path)

    assert (card.card_id, card.snapshot().card_id) == (card_id, card_id)


def test_an_unknown_card_is_named_with_those_there_are() -> None:
    with pytest.raises(NotFound, match="patient-wang"):
        build_card("patient-nobody")


@pytest.mark.parametrize("card_id", [card_id for card_id in CARD_IDS if card_id != "mute-card"])
def test_answers_to_reset_have_a_right_check_byte(card_id: str) -> None:
    """ISO/IEC 7816-3 §8.2.5: T0 to TCK add up to zero, and all of these ATRs offer T=1."""
    assert functools.reduce(operator.xor, build_card(card_id).atr[1:]) == 0


@pytest.mark.parametrize("profile", NHI_PROFILES, ids=lambda profile: profile.card_id)
def test_patients_are_invented(profile: object) -> None:
    assert isinstance(profile, type(PROFILE))
    person = profile.basic
    letter = LETTERS.index(person.id_no[0]) + 10
    digits = [letter // 10, letter % 10, *map(int, person.id_no[1:])]
    weighed = sum(
        digit * weight for digit, weight in zip(digits, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True)
    )

    assert weighed % 10 != 0
    assert person.is_test_card
    assert re.search("測試|樣本", person.name)


def test_card_numbers_differ() -> None:
    numbers = [profile.basic.card_no for profile in NHI_PROFILES]
    numbers += [profile.holder.hpc_no for profile in HPC_PROFILES]

    assert len(set(numbers)) == len(numbers)
    assert all(number.startswith("9") for number in numbers)


def test_a_rare_character_reads_as_a_star() -> None:
    card = build_card("patient-rare")
    card.execute(SELECT_NHI)

    record = decode_basic(card.execute(READ_BASIC)[:-2])

    assert (record.name, record.name_big5) == ("陳*樣本", "B3AFFA40BCCBA5BB")


def test_another_issuers_card_has_no_application() -> None:
    card = build_card("other-card")

    assert card.execute(SELECT_NHI) == b"\x6a\x82"
    assert card.execute(READ_BASIC) == b"\x6d\x00"
    assert card.execute(b"\x00") == b"\x67\x00"


def test_a_mute_card_says_nothing() -> None:
    card = build_card("mute-card")

    assert card.atr == b""
    with pytest.raises(CardMute):
        card.execute(SELECT_NHI)
