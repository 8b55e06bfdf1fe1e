"""A short form of ``./dev readers soak``: what cards and pcscd's deaths leave behind in the box (issue 5, Soak, Faults)."""

from __future__ import annotations

from tests.readers.soak import MOST_READERS, insert_and_pull, open_bay, restart_pcscd


async def test_two_hundred_cards_leave_no_threads_and_no_descriptors_behind() -> None:
    async with open_bay(MOST_READERS) as bay:
        first, *later = await insert_and_pull(bay, 200)
    assert later[-1].cycles >= 200
    assert {(held.threads, held.descriptors) for held in later} == {(first.threads, first.descriptors)}
    assert later[-1].resident_bytes <= first.resident_bytes + (8 << 20)


async def test_five_deaths_of_pcscd_leave_the_readers_as_they_were() -> None:
    async with open_bay(4) as bay:
        first, *later = await restart_pcscd(bay, 5)
    assert {(held.threads, held.descriptors) for held in later} == {(first.threads, first.descriptors)}
