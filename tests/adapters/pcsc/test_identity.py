"""Reader names as pcsc-lite and libccid make them, before and after re-plugs."""

from __future__ import annotations

import pytest

from visitbridge.adapters.pcsc.identity import ReaderPlaces, SlotName

ACR39 = "ACS ACR39U ICC Reader [CCID Interface] 00 00"


@pytest.mark.parametrize(
    ("name", "model", "slot"),
    [
        (ACR39, "ACS ACR39U ICC Reader", 0),
        ("Generic EMV Smartcard Reader 00 00", "Generic EMV Smartcard Reader", 0),
        ("QEMU USB CCID (1-0000:00:03.0-1) 00 00", "QEMU USB CCID", 0),
        ("Gemalto PC Twin Reader (70D7E2EE) 01 00", "Gemalto PC Twin Reader", 0),
        ("Feitian SCR301 [CCID Interface] (0B3F) 0A 01", "Feitian SCR301", 1),
        ("Virtual PCD 00 01", "Virtual PCD", 1),
        ("(odd)", "(odd)", 0),
    ],
)
def test_names_are_taken_apart(name: str, model: str, slot: int) -> None:
    parsed = SlotName.parse(name)
    assert (parsed.model, parsed.slot) == (model, slot)


def test_ids_fit_into_addresses() -> None:
    identity = ReaderPlaces().assign([ACR39])[ACR39]
    assert identity.reader_id == "pcsc-acs-acr39u-icc-reader-1-0"
    assert identity.label == "ACS ACR39U ICC Reader"


def test_a_name_without_latin_letters_has_an_id_too() -> None:
    (identity,) = ReaderPlaces().assign(["讀卡機 00 00"]).values()
    assert identity.reader_id == "pcsc-reader-1-0"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("QEMU USB CCID (1-0000:00:03.0-1) 00 00", "QEMU USB CCID (1-0000:00:03.0-2) 00 00"),
        (ACR39, "ACS ACR39U ICC Reader [CCID Interface] 01 00"),
        (ACR39, ACR39),
    ],
    ids=["path in the name", "another number", "same name"],
)
def test_a_reader_that_comes_back_is_the_same_one(before: str, after: str) -> None:
    places = ReaderPlaces()
    first = places.assign([before])[before]
    places.assign([])
    assert places.assign([after])[after] == first


def test_a_reader_renamed_within_one_change_is_the_same_one() -> None:
    places = ReaderPlaces()
    first = places.assign([ACR39])[ACR39]
    renamed = "ACS ACR39U ICC Reader [CCID Interface] 01 00"
    assert places.assign([renamed]) == {renamed: first}


def test_two_of_a_kind_keep_their_places() -> None:
    one, two = "Reader (A1) 00 00", "Reader (B2) 01 00"
    places = ReaderPlaces()
    before = places.assign([one, two])
    assert before[one].reader_id != before[two].reader_id
    assert before[two].label == "Reader #2"
    places.assign([])
    back = places.assign(["Reader (B2) 00 00"])
    assert back["Reader (B2) 00 00"] == before[two]
    both = places.assign(["Reader (A1) 01 00", "Reader (B2) 00 00"])
    assert both["Reader (A1) 01 00"] == before[one]


def test_slots_of_one_reader_are_told_apart() -> None:
    found = ReaderPlaces().assign(["Twin 00 00", "Twin 00 01"])
    assert [identity.reader_id for identity in found.values()] == ["pcsc-twin-1-0", "pcsc-twin-1-1"]
    assert [identity.label for identity in found.values()] == ["Twin", "Twin · 2"]


def test_a_third_reader_never_takes_an_occupied_place() -> None:
    places = ReaderPlaces()
    names = [f"Reader 0{number} 00" for number in range(3)]
    places.assign(names[:2])
    found = places.assign(names)
    assert len({identity.reader_id for identity in found.values()}) == 3
