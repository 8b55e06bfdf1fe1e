"""The code that opens one phone: which digits are taken, and that they are wiped whatever becomes of them."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from visitbridge.errors import FieldInvalid
from visitbridge.services.unlock_code import make_code, recognised

ROWS = ["123456", "987654", "864208", "890123", "000000", "111111111111", "012345678901"]
REPEATS = ["121212", "123123", "1212121", "123412341234", "1234123412"]


@pytest.mark.parametrize("text", [*ROWS, *REPEATS])
async def test_V6_2_4_rows_and_repeats_are_refused_and_wiped(text: str) -> None:
    digits = bytearray(text.encode())
    with pytest.raises(FieldInvalid) as refused:
        await make_code(digits)

    assert (refused.value.field, refused.value.params) == ("code", {"rule": "code_guessed_soon"})
    assert digits == bytes(len(text))


@pytest.mark.parametrize("text", ["12345", "1234567890123", "12345a", "１２３４５６", ""])
async def test_what_is_no_code_is_refused_by_its_form(text: str) -> None:
    with pytest.raises(FieldInvalid) as refused:
        await make_code(bytearray(text.encode()))

    assert (refused.value.field, refused.value.params) == ("code", {})


@pytest.mark.parametrize("text", ["271828", "123457", "112233", "121213", "100000", "739182"])
async def test_other_digits_are_taken_and_known_again(text: str) -> None:
    code = await make_code(bytearray(text.encode()))

    assert await recognised(code, bytearray(text.encode())) is not None
    assert await recognised(code, bytearray(b"271829")) is None


@given(
    start=st.integers(0, 9),
    step=st.integers(0, 9),
    length=st.integers(6, 12),
)
async def test_every_row_is_refused_wherever_it_begins_and_however_it_steps(
    start: int, step: int, length: int
) -> None:
    row = "".join(str((start + step * place) % 10) for place in range(length))
    with pytest.raises(FieldInvalid):
        await make_code(bytearray(row.encode()))


@given(part=st.text("0123456789", min_size=1, max_size=6), length=st.integers(6, 12))
async def test_every_repeat_is_refused(part: str, length: int) -> None:
    assume(len(part) <= length // 2)
    with pytest.raises(FieldInvalid):
        await make_code(bytearray((part * length)[:length].encode()))
