"""The box's health as Prometheus reads it (text format 0.0.4), by Prometheus' own client library.

Names are ``visitbridge_<what>_<unit>``. What the box cannot tell is left out rather than told as zero.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from visitbridge.domain.roc import TAIPEI
from visitbridge.protocols.health import BoxHealth

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

LINK_STATES: Final = ("good", "unstable", "down")


def metrics_text(health: BoxHealth) -> bytes:
    # Only whoever is asked for metrics pays for the import; it is a tenth of the program's start.
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415
    from prometheus_client.core import GaugeMetricFamily, Metric  # noqa: PLC0415
    from prometheus_client.registry import Collector  # noqa: PLC0415

    class OneLook(Collector):
        def collect(self) -> Iterator[Metric]:
            for name, text, value in _plain(health):
                yield GaugeMetricFamily(f"visitbridge_{name}", text, value)
            for name, text, labels, rows in _labelled(health):
                family = GaugeMetricFamily(f"visitbridge_{name}", text, labels=labels)
                for values, value in rows:
                    family.add_metric(values, value)
                yield family

    registry = CollectorRegistry(auto_describe=False)
    registry.register(OneLook())
    return generate_latest(registry)


Plain = tuple[str, str, float]
Labelled = tuple[str, str, tuple[str, ...], list[tuple[tuple[str, ...], float]]]


def _plain(health: BoxHealth) -> Iterator[Plain]:
    queue, disk = health.queue, health.disk
    yield "start_time_seconds", "When the program started.", health.up_since.timestamp()
    yield "clock_trusted", "1: the time comes from somewhere that is trusted.", health.clock != "untrusted"
    yield "bound", "1: bound to an institution.", health.bound
    yield "enabled", "1: not switched off by the institution.", health.enabled
    yield "drained", "1: nothing waits to be written or sent.", queue.drained
    yield "unsent_items", "Items that are neither acknowledged nor handed off.", queue.unsent
    yield "needs_person_items", "Items that go on only when somebody looks at them.", queue.needs_person
    yield "disk_free_bytes", "Room where the store is.", disk.free_bytes
    yield "disk_size_bytes", "Size of that file system.", disk.total_bytes
    yield "disk_writable", "1: a few bytes could be written.", disk.writable
    yield "store_rescued", "1: a backup took a damaged database's place.", health.rescued_at is not None
    yield from _moments(health)
    yield from _power(health)
    if health.data_used is not None:
        used = health.data_used
        yield "modem_received_bytes", "Through the modem in the carrier's month.", used.received_bytes
        yield "modem_sent_bytes", "Through the modem in the carrier's month.", used.sent_bytes


def _moments(health: BoxHealth) -> Iterator[Plain]:
    """Unix times; Prometheus works ages and days left out from them."""
    sam = health.expiry.sam_until
    sam_end = dt.datetime.combine(sam + dt.timedelta(days=1), dt.time(), TAIPEI) if sam else None
    for name, text, at in (
        ("oldest_unsent_time_seconds", "Since when the oldest item waits.", health.queue.oldest_at),
        ("last_upload_time_seconds", "Last upload that was acknowledged.", health.queue.last_success_at),
        ("last_contact_time_seconds", "Last answer of the data centre.", health.link.last_contact_at),
        ("sam_expiry_time_seconds", "End of the security module.", sam_end),
        (
            "portal_certificate_expiry_time_seconds",
            "End of the box's certificate at the data centre.",
            health.expiry.portal_certificate_at,
        ),
        (
            "page_certificate_expiry_time_seconds",
            "End of the certificate that phones are shown.",
            health.expiry.page_certificate_at,
        ),
    ):
        if at is not None:
            yield name, text, at.timestamp()


def _power(health: BoxHealth) -> Iterator[Plain]:
    if health.power.under_voltage is not None:
        yield "under_voltage", "1: the supply does not hold.", health.power.under_voltage
    if health.power.battery_percent is not None:
        yield "battery_charge_ratio", "Of the box's battery.", health.power.battery_percent / 100


def _labelled(health: BoxHealth) -> Iterator[Labelled]:
    versions = health.versions
    yield (
        "build_info",
        "What runs here.",
        ("program", "schema", "python", "system", "image"),
        [((versions.program, versions.schema, versions.python, versions.system, versions.image), 1)],
    )
    yield (
        "dataset_info",
        "Code tables in use.",
        ("name", "version"),
        [((each.name, each.version), 1) for each in versions.datasets],
    )
    yield (
        "link_state",
        "1 for the state that the way to the data centre is in.",
        ("state",),
        [((state,), health.link.state == state) for state in LINK_STATES],
    )
    yield (
        "reader_answers",
        "1: the reader answers.",
        ("reader", "transport"),
        [
            ((str(number), reader.transport), reader.state != "unavailable")
            for number, reader in enumerate(health.readers, 1)
        ],
    )
    yield (
        "reader_battery_ratio",
        "Charge of readers that tell it.",
        ("reader", "transport"),
        [
            ((str(number), reader.transport), reader.battery_percent / 100)
            for number, reader in enumerate(health.readers, 1)
            if reader.battery_percent is not None
        ],
    )
