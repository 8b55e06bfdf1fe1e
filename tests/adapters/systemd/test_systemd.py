from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from visitbridge.adapters.systemd import NoNotifier, Watchdog, make_notifier, watchdog_interval_s
from visitbridge.adapters.systemd.binding import FieldHandler, journal_fields
from visitbridge.sim.clock import FakeClock


class Recorder(NoNotifier):
    """Counts signs of life."""

    def __init__(self) -> None:
        self.fed = 0

    def alive(self) -> None:
        self.fed += 1


def test_systemd_is_told_over_its_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.settimeout(PATIENCE_S)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        notifier = make_notifier()

        notifier.ready("serving\non 8443")
        notifier.alive()
        notifier.status("draining")
        notifier.stopping("writing\nthe last")

        assert [listener.recv(200) for _ in range(4)] == [
            b"READY=1\nSTATUS=serving on 8443",
            b"WATCHDOG=1",
            b"STATUS=draining",
            b"STOPPING=1\nSTATUS=writing the last",
        ]


def test_without_systemd_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)

    assert isinstance(make_notifier(), NoNotifier)


@pytest.mark.parametrize(
    ("environment", "interval_s"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_twice_as_often_as_asked(
    environment: dict[str, str], interval_s: float | None
) -> None:
    assert watchdog_interval_s(environment, 7) == interval_s


async def test_the_watchdog_starves_while_a_lane_is_late(clock: FakeClock) -> None:
    notifier = Recorder()
    well = [True]
    watchdog = Watchdog(notifier, clock, interval_s=10, is_well=lambda: well[0])
    running = asyncio.create_task(watchdog.run(lambda: None))

    async def pass_interval() -> None:
        await asyncio.sleep(0)
        clock.advance(10)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    await pass_interval()
    assert notifier.fed == 2
    well[0] = False
    await pass_interval()
    assert notifier.fed == 2
    well[0] = True
    await pass_interval()
    assert notifier.fed == 3

    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


def test_the_journal_gets_the_message_and_the_fields_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[tuple[str, dict[str, object]]] = []

    def send(message: str, **fields: object) -> None:
        sent.append((message, fields))

    monkeypatch.setattr("visitbridge.adapters.systemd.binding.journal.send", send)
    record = logging.LogRecord(
        "visitbridge.link", logging.WARNING, "/x/link.py", 7, "link %s", ("down",), None
    )
    record.fields = {"hop": "tls"}
    record.patient = "A123456788"

    FieldHandler().emit(record)

    assert sent == [
        (
            "link down",
            {
                "CODE_FILE": "/x/link.py",
                "CODE_LINE": 7,
                "CODE_FUNC": None,
                "PRIORITY": 4,
                "LOGGER": "visitbridge.link",
                "SYSLOG_IDENTIFIER": "visitbridge",
                "VB_HOP": "tls",
            },
        )
    ]


def test_field_names_are_in_the_journals_alphabet() -> None:
    assert journal_fields({"ms": 1.5, "route-id": "x", "é": 1}) == {
        "VB_MS": "1.5",
        "VB_ROUTE_ID": "x",
        "VB__": "1",
    }
