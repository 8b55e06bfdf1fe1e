"""Scrypt at the cost that ASVS 5.0 asks for, against its own vector and another implementation's parameters."""

from __future__ import annotations

import hashlib
import threading

import pytest

from visitbridge.protocols.stretching import COST, LENGTH, stretch

RFC_7914_12 = "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
"""The first half of the third vector: N = 16384, r = 8, p = 1 (RFC 7914 section 12)."""


def test_the_vector_of_the_specification() -> None:
    assert stretch(b"pleaseletmein", b"SodiumChloride", cost=2**14).hex() == RFC_7914_12


def test_V11_4_2_the_cost_is_what_is_asked_for() -> None:
    wanted = hashlib.scrypt(b"271828", salt=b"salt", n=2**17, r=8, p=1, maxmem=2**28, dklen=LENGTH)

    assert COST == 2**17
    assert stretch(bytearray(b"271828"), b"salt") == wanted


@pytest.mark.parametrize("cost", [0, 1, 2**12, 2**17 + 1, 2**30])
def test_a_cost_that_nobody_uses_takes_no_memory(cost: int) -> None:
    with pytest.raises(ValueError, match="cost"):
        stretch(b"271828", b"salt", cost=cost)


def test_one_at_a_time_takes_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counting:
        """Stands for the library: notes how many are at work when one more begins."""

        at_work = 0
        seen: list[int] = []  # noqa: RUF012

        def __init__(self, **_: object) -> None:
            pass

        def derive(self, secret: bytes) -> bytes:
            Counting.at_work += 1
            Counting.seen.append(Counting.at_work)
            pause.wait(0.02)
            Counting.at_work -= 1
            return secret

    pause = threading.Event()
    monkeypatch.setattr("visitbridge.protocols.stretching.Scrypt", Counting)
    threads = [threading.Thread(target=stretch, args=(b"x", b"salt")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counting.seen == [1, 1, 1, 1]
