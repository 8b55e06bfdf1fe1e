"""QEMU's USB smart-card readers (``usb-ccid``), whose card sides are sockets on this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from smartcard import scard

from tests.vm.guest import Guest
from tests.vm.patience import tries

COUNT = 2
MODEL = "Gemalto Gemplus USB SmartCard Reader 433-Swap"
MODEL_ID = "gemalto-gemplus-usb-smartcard-reader-433-swap"
"""What libccid, and then the box, calls the USB identity that QEMU's reader borrows."""
_NO_ANSWER = "the reader never ends a command that its card did not answer, and libccid waits 232 s for that"
_T0_ONLY = "the reader has T=0 only"
_NO_RESET = "the reader does not tell the card of a reset"
LEFT_OUT = {
    "T=1": _T0_ONLY,
    "test_slots_do_not_mix": _T0_ONLY,
    "test_the_card_forgets_its_selection_after_a_session": _NO_RESET,
    "test_a_reset_card_has_forgotten_its_selection_and_the_session_goes_on": _NO_RESET,
    "test_nothing_reaches_a_card_whose_power_was_taken_until_it_is_reset": _NO_RESET,
    "test_a_card_pulled_in_the_middle_of_a_command_leaves_doubt": _NO_ANSWER,
    "test_a_silent_card_ends_in_doubt_and_its_reader_recovers": _NO_ANSWER,
    "test_a_mute_card_is_told_of_and_refused": "the reader takes no card without an ATR",
}
"""Tests of the reader contract, and cases of tests, that these readers cannot take part in, and why."""

_PATIENCE_S = 60.0


def usb_readers(folder: Path) -> tuple[str, ...]:
    """Arguments for a guest in ``folder``: readers ``reader1`` and on, their cards at ``folder``'s ``card1`` and on."""
    return ("-device", "qemu-xhci,id=xhci", *_arguments(folder))


def card_port(folder: Path, number: int) -> Path:
    """Where the card side of a reader is."""
    return folder / f"card{number}"


def plug_in(guest: Guest, number: int, *, port: int) -> None:
    """Plug a reader into a port of the USB hub. Its card side stays where it is."""
    guest.machine("device_add", driver="usb-ccid", id=f"reader{number}", bus="xhci.0", port=str(port))
    guest.machine(
        "device_add",
        driver="ccid-card-passthru",
        id=f"slot{number}",
        chardev=f"card{number}",
        bus=f"reader{number}.0",
    )


def pull_out(guest: Guest, number: int) -> None:
    """Pull a reader out, with the card in it."""
    guest.machine("device_del", id=f"reader{number}")


def names(model: str = MODEL) -> list[str]:
    """What the pcscd that this process talks to calls its readers of this model now."""
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    assert code == scard.SCARD_S_SUCCESS, scard.SCardGetErrorMessage(code)
    try:
        found = scard.SCardListReaders(context, [])[1]
        return sorted(name for name in found if name.startswith(model))
    finally:
        scard.SCardReleaseContext(context)


def wait_count(count: int, model: str = MODEL) -> list[str]:
    """The names as soon as there are so many."""
    found: list[str] = []
    for _ in tries(_PATIENCE_S):
        # What pyscard raises when a reader leaves between its two questions.
        with contextlib.suppress(SystemError):
            found = names(model)
            if len(found) == count:
                return found
    raise AssertionError(f"pcscd has {found}")


def _arguments(folder: Path) -> Iterator[str]:
    for number in range(1, COUNT + 1):
        wire = card_port(folder, number)
        yield from ("-chardev", f"socket,id=card{number},path={wire},server=on,wait=off")
        yield from ("-device", f"usb-ccid,id=reader{number},bus=xhci.0,port={number}")
        yield from (
            "-device",
            f"ccid-card-passthru,id=slot{number},chardev=card{number},bus=reader{number}.0",
        )
