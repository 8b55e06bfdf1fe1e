"""Any changed, dropped, swapped or truncated row of the audit trail is found, in a real encrypted store (limits §6)."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visitbridge.adapters.store import binding, open_store
from visitbridge.errors import StoreError
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Transaction
from visitbridge.services.audit import AuditCheck, AuditDesk, AuditHead
from visitbridge.sim.clock import FakeClock

KEY = bytes(range(32))
ROWS = 12
COLUMNS = ("who", "act", "record", "phone_id", "why", "chain")
BEGAN = dt.datetime(2026, 11, 22, 1, 0, tzinfo=dt.UTC)


def _append(entry: AuditEntry, tx: Transaction) -> None:
    tx.audit.append(entry)


async def write_trail(path: Path) -> AuditHead:
    async with open_store(path, KEY, clock=FakeClock()) as store:
        for number in range(ROWS):
            entry = AuditEntry(
                at=BEGAN + dt.timedelta(seconds=number),
                who=f"S{number}",
                act="visit.finish",
                record=f"visit-{number}",
                phone_id="phone-1",
                why="複診",
            )
            await store.write(functools.partial(_append, entry))
        return (await AuditDesk(store, FakeClock()).check()).head


async def check(path: Path, known: AuditHead | None = None) -> AuditCheck:
    async with open_store(path, KEY, clock=FakeClock()) as store:
        return await AuditDesk(store, FakeClock()).check(known)


def tamper(path: Path, *statements: tuple[str, tuple[object, ...]]) -> None:
    """As somebody would who has the key: without the triggers that guard the rows."""
    connection = binding.connect_encrypted(path, KEY)
    connection.execute("DROP TRIGGER audit_is_not_changed")
    connection.execute("DROP TRIGGER audit_is_not_deleted")
    for sql, values in statements:
        connection.execute(sql, values)
    connection.commit()
    connection.close()


def tampered(*statements: tuple[str, tuple[object, ...]], known: bool = False) -> AuditCheck:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        head = asyncio.run(write_trail(path))
        tamper(path, *statements)
        return asyncio.run(check(path, head if known else None))


def test_a_trail_left_alone_is_whole() -> None:
    assert tampered(known=True).broken_at is None


@settings(max_examples=60, deadline=None)
@given(
    row=st.integers(1, ROWS), column=st.sampled_from(COLUMNS), place=st.integers(0, 63), bit=st.integers(0, 6)
)
def test_a_flipped_bit_in_any_text_is_found(row: int, column: str, place: int, bit: int) -> None:
    def flip(text: str) -> str:
        at = place % len(text)
        return text[:at] + chr(ord(text[at]) ^ (1 << bit)) + text[at + 1 :]

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        asyncio.run(write_trail(path))
        connection = binding.connect_encrypted(path, KEY)
        (text,) = connection.execute(f"SELECT {column} FROM audit WHERE number = ?", (row,)).fetchone()  # noqa: S608
        connection.close()
        tamper(path, (f"UPDATE audit SET {column} = ? WHERE number = ?", (flip(text), row)))  # noqa: S608

        assert asyncio.run(check(path)).broken_at == row


@pytest.mark.parametrize("row", [1, 5, ROWS])
@pytest.mark.parametrize("bit", [0, 20, 50])
def test_a_moved_moment_is_found(row: int, bit: int) -> None:
    change = ("UPDATE audit SET at = (at | ?) - (at & ?) WHERE number = ?", (1 << bit, 1 << bit, row))

    assert tampered(change).broken_at == row


@pytest.mark.parametrize("row", [1, 6, ROWS - 1])
def test_a_dropped_row_is_found(row: int) -> None:
    assert tampered(("DELETE FROM audit WHERE number = ?", (row,))).broken_at == row


def swap(old: int, new: int) -> tuple[str, tuple[object, ...]]:
    return "UPDATE audit SET number = ? WHERE number = ?", (new, old)


@pytest.mark.parametrize("row", [1, 6, ROWS - 1])
def test_swapped_rows_are_found(row: int) -> None:
    assert tampered(swap(row, 99), swap(row + 1, row), swap(99, row + 1)).broken_at == row


@pytest.mark.parametrize("kept", [0, 1, ROWS - 1])
def test_rows_cut_off_at_the_end_are_found_with_a_head_kept_elsewhere(kept: int) -> None:
    cut = ("DELETE FROM audit WHERE number > ?", (kept,))

    assert tampered(cut).broken_at is None
    assert tampered(cut, known=True).broken_at == kept + 1


@settings(max_examples=40, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_in_the_file_never_shows_a_changed_trail(place: float, bit: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        head = asyncio.run(write_trail(path))
        content = bytearray(path.read_bytes())
        content[int(place * len(content))] ^= 1 << bit
        path.write_bytes(content)
        try:
            found = asyncio.run(check(path, head))
        except StoreError:
            return

        # The bit lay in a page that holds no audit row.
        assert (found.head, found.broken_at) == (head, None)


def test_the_store_without_its_key_is_refused(tmp_path: Path) -> None:
    async def open_with(key: bytes) -> None:
        async with open_store(tmp_path / "store.db", key, clock=FakeClock()):
            pass

    asyncio.run(open_with(KEY))
    with pytest.raises(StoreError):
        asyncio.run(open_with(bytes(32)))
