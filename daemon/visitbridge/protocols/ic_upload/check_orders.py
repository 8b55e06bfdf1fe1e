"""The cross rules of one order line, ``MB2`` (UP-1.0; nhi-domain §3.1, §4.6, §4.7)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from visitbridge.protocols.datacentre.common import CheckFinding
from visitbridge.protocols.ic_upload.findings import finding
from visitbridge.protocols.ic_upload.matrix import Presence, presence

_DRUGS: Final = frozenset("12AB")
_VIRTUAL: Final = frozenset("GH")
_ON_CARD: Final = frozenset("12345ABCDE")
"""Order types that a card holds, and so signs. That the others come without a signature is our reading (D)."""
_HANDOVER: Final = {
    "01": "1A",
    "02": "1A",
    "03": "345CDE",
    "04": "345CDE",
    "05": "2B",
    "06": "2B",
}
"""交付處方註記 → the order types it goes with."""
_VIRTUAL_CODE: Final = re.compile(r"[RS]00[0-9]|V000")
_WITHOUT_QUANTITY: Final = frozenset({"R001", "R002", "R003", "R004"})
_DAYS: Final = range(1, 93)
_ORDER_TAGS: Final = ("A71", "A72", "A73", "A75", "A76", "A77", "A78", "A79")


def check_order(
    order: Mapping[str, str],
    place: str,
    visit_type: str,
    *,
    visit_time: str,
    from_card: bool,
    pending: Collection[str],
) -> Iterator[CheckFinding]:
    """Findings of one line; ``place`` is put before the element. Values of a wrong form are not judged again."""
    order_type = order.get("A72", "")
    for tag in _ORDER_TAGS:
        mark = presence(tag, visit_type, from_card=from_card)
        if tag == "A79" and mark is Presence.REQUIRED and order_type not in _ON_CARD:
            mark = Presence.OPTIONAL
        if tag in {"A75", "A76"} and order_type in _DRUGS:
            mark = Presence.REQUIRED
        if mark is Presence.REQUIRED and tag not in order and tag not in pending:
            yield finding("AA", f"{place}{tag}")
        elif mark is Presence.ABSENT and tag in order:
            yield finding("AF", f"{place}{tag}")
    if visit_time and order.get("A71", visit_time) != visit_time:
        yield finding("AD", f"{place}A71")
    days = order.get("A76", "")
    if days.isdecimal() and int(days) not in _DAYS:
        yield finding("AD", f"{place}A76")
    handover = order.get("A78", "")
    if order_type in _ON_CARD and handover in _HANDOVER and order_type not in _HANDOVER[handover]:
        yield finding("AD", f"{place}A78")
    yield from _virtual(order, place)


def _virtual(order: Mapping[str, str], place: str) -> Iterator[CheckFinding]:
    """虛擬醫令 go with G (add) and H (withdraw), and those for early returns with a quantity of 0."""
    code, quantity = order.get("A73", ""), order.get("A77")
    is_virtual = _VIRTUAL_CODE.fullmatch(code) is not None
    if is_virtual and order.get("A72") not in _VIRTUAL:
        yield finding("19", f"{place}A72")
    elif code and not is_virtual and order.get("A72") in _VIRTUAL:
        yield finding("23", f"{place}A73")
    if code not in _WITHOUT_QUANTITY:
        return
    if quantity is None:
        yield finding("AA", f"{place}A77")
    elif quantity.strip("0.") != "":
        yield finding("AD", f"{place}A77")
