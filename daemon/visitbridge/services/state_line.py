"""The box's state in one line of words, as systemd shows it: what it waits for, the gravest first; nothing about people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

import msgspec

from visitbridge.ports.clock import TimeTrust
from visitbridge.services.topics import (
    BoxTopic,
    CardsTopic,
    ErasureTopic,
    LinkTopic,
    PowerTopic,
    QueueTopic,
    StoreTopic,
    TimeTopic,
)

TOPICS = frozenset({"box", "cards", "erasure", "link", "power", "queue", "store", "time"})
"""Live topics of which the line speaks."""

T = TypeVar("T", bound=msgspec.Struct)


def state_line(topics: Mapping[str, msgspec.Struct], texts: Mapping[str, str]) -> str:
    """``topics``: the live board's snapshot; one that nobody has published yet is left out. ``texts``: of one language."""
    return texts["service.between"].join(_phrases(topics, texts))


def _phrases(topics: Mapping[str, msgspec.Struct], texts: Mapping[str, str]) -> Iterator[str]:
    power, store = _topic(topics, "power", PowerTopic), _topic(topics, "store", StoreTopic)
    erasure, box = _topic(topics, "erasure", ErasureTopic), _topic(topics, "box", BoxTopic)
    time, cards = _topic(topics, "time", TimeTopic), _topic(topics, "cards", CardsTopic)
    queue = _topic(topics, "queue", QueueTopic)
    if power is not None and power.switching_off:
        yield texts["service.switching_off"]
    if store is not None and store.rescued_at is not None:
        yield texts["service.rescued"]
    if erasure is not None and erasure.ordered_at is not None:
        yield texts["service.erasure"]
    yield from _institution(box, _topic(topics, "link", LinkTopic), texts)
    if time is not None and time.trust == TimeTrust.UNTRUSTED:
        yield texts["waiting.time"]
    if cards is not None and not cards.readers:
        yield texts["service.no_reader"]
    if power is not None and power.under_voltage:
        yield texts["service.under_voltage"]
    if queue is not None:
        yield _queue(queue, texts)


def _institution(box: BoxTopic | None, link: LinkTopic | None, texts: Mapping[str, str]) -> Iterator[str]:
    """A box without its institution has no link to speak of."""
    if box is not None and not box.bound:
        yield texts["service.not_bound"]
        return
    if box is not None and not box.enabled:
        yield texts["service.disabled"]
        return
    if box is not None and box.sam_verified_at is None:
        yield texts["waiting.sam"]
    if link is not None and link.link == "down" and f"ui.hop.{link.hop}" in texts:
        yield texts["service.link_down"].format(hop=texts[f"ui.hop.{link.hop}"])
    elif link is not None:
        yield texts[f"service.link.{link.link}"]


def _queue(queue: QueueTopic, texts: Mapping[str, str]) -> str:
    if not queue.depth:
        return texts["service.queue.empty"]
    if queue.attention:
        return texts["service.queue.attention"].format(depth=queue.depth, attention=queue.attention)
    return texts["service.queue.waiting"].format(depth=queue.depth)


def _topic(topics: Mapping[str, msgspec.Struct], name: str, kind: type[T]) -> T | None:
    value = topics.get(name)
    return value if isinstance(value, kind) else None
