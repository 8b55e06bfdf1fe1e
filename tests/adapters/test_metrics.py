"""The box's health as Prometheus' own parser reads it."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from visitbridge.adapters.metrics import metrics_text
from visitbridge.protocols.health import (
    BoxHealth,
    DataSetVersion,
    DataUsed,
    DiskHealth,
    Expiry,
    LinkHealth,
    PowerHealth,
    QueueHealth,
    ReaderHealth,
    Versions,
)

AT = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)
HEALTH = BoxHealth(
    at=AT,
    up_since=AT - dt.timedelta(hours=1),
    clock="untrusted",
    bound=True,
    enabled=True,
    versions=Versions(
        program="0.1.0",
        schema="0006",
        python="3.11.2",
        system='Debian "12"',
        datasets=(DataSetVersion(name="icd10", version="v1"),),
    ),
    queue=QueueHealth(drained=False, unsent=3, needs_person=1, oldest_at=AT - dt.timedelta(hours=13)),
    expiry=Expiry(sam_until=dt.date(2026, 12, 31), portal_certificate_at=AT),
    power=PowerHealth(under_voltage=True, battery_percent=62),
    link=LinkHealth(state="unstable", hop="host", since=AT, last_contact_at=AT),
    disk=DiskHealth(free_bytes=7, total_bytes=9, writable=True),
    readers=(
        ReaderHealth(transport="usb", state="ready"),
        ReaderHealth(transport="ble", state="unavailable", battery_percent=55),
    ),
    data_used=DataUsed(month="2026-11", received_bytes=5_000_000, sent_bytes=70_000),
)


def samples(health: BoxHealth) -> dict[tuple[str, tuple[str, ...]], float]:
    """By the name without its prefix, and the labels' values in the order of their names."""
    families = text_string_to_metric_families(metrics_text(health).decode())
    return {
        (sample.name.removeprefix("visitbridge_"), tuple(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("unsent_items", (), 3),
        ("needs_person_items", (), 1),
        ("drained", (), 0),
        ("clock_trusted", (), 0),
        ("oldest_unsent_time_seconds", (), (AT - dt.timedelta(hours=13)).timestamp()),
        # The last day ends at midnight in Taipei.
        ("sam_expiry_time_seconds", (), dt.datetime(2026, 12, 31, 16, tzinfo=dt.UTC).timestamp()),
        ("under_voltage", (), 1),
        ("battery_charge_ratio", (), 0.62),
        ("modem_received_bytes", (), 5_000_000),
        ("disk_free_bytes", (), 7),
        ("link_state", ("unstable",), 1),
        ("link_state", ("good",), 0),
        ("build_info", ("", "0.1.0", "3.11.2", "0006", 'Debian "12"'), 1),
        ("dataset_info", ("icd10", "v1"), 1),
        ("reader_answers", ("1", "usb"), 1),
        ("reader_answers", ("2", "ble"), 0),
        ("reader_battery_ratio", ("2", "ble"), 0.55),
    ],
)
def test_it_is_told_in_prometheus_form(name: str, labels: tuple[str, ...], value: float) -> None:
    assert samples(HEALTH)[name, labels] == value


@pytest.mark.parametrize(
    "name",
    [
        "under_voltage",
        "battery_charge_ratio",
        "modem_sent_bytes",
        "sam_expiry_time_seconds",
        "oldest_unsent_time_seconds",
        "last_contact_time_seconds",
    ],
)
def test_what_the_box_cannot_tell_is_left_out(name: str) -> None:
    silent = msgspec.structs.replace(
        HEALTH,
        expiry=Expiry(),
        power=PowerHealth(),
        queue=QueueHealth(drained=True, unsent=0, needs_person=0),
        link=LinkHealth(state="down", hop="", since=AT),
        data_used=None,
    )
    assert name not in {found for found, _ in samples(silent)}
