"""What the orders of an IC-card upload must satisfy (UP-1.0; nhi-domain §3.1, §4.6, §4.7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from visitbridge.protocols.datacentre.common import CheckFinding
from vpnportal.checks import Situation
from vpnportal.checks.codes import finding
from vpnportal.checks.ic_fields import HANDOVER, order_rules
from vpnportal.checks.known import CardRecord, is_code

Order = Mapping[str, str]

VIRTUAL_ORDERS = frozenset(
    {*(f"R00{number}" for number in range(1, 9)), *(f"S00{number}" for number in range(1, 5)), "V000"}
)
"""虛擬醫令; what R008 and S001 to S004 mean is not public (nhi-domain §4.7)."""

_WITHOUT_QUANTITY = frozenset({"R001", "R002", "R003", "R004"})
_VIRTUAL_TYPES = frozenset({"G", "H"})
_MOST_DAYS = 92

_CODE_SETS = {
    **dict.fromkeys(("1", "2", "A", "B"), (("drugs",), "10")),
    **dict.fromkeys(("3", "C"), (("fees", "tests"), "11")),
    **dict.fromkeys(("4", "D"), (("materials",), "12")),
}


def judge_order(
    order: Order, place: str, situation: Situation, *, visit_type: str, visit_time: str, normal: bool
) -> Iterator[CheckFinding]:
    """Every finding of one ``MB2`` whose values are well formed."""
    order_type, code = order.get("A72", ""), order.get("A73", "")
    for tag, rule in order_rules(visit_type, order_type, normal=normal).items():
        if rule == "required" and tag not in order:
            yield finding("AA", f"{place}.{tag}")
        elif rule == "forbidden" and tag in order:
            yield finding("AF", f"{place}.{tag}")
    if order.get("A71", visit_time) != visit_time:
        yield finding("AD", f"{place}.A71")
    if "A76" in order and not 1 <= int(order["A76"]) <= _MOST_DAYS:
        yield finding("AD", f"{place}.A76")
    if "A78" in order and order["A78"] not in HANDOVER.get(order_type, frozenset({order["A78"]})):
        yield finding("AD", f"{place}.A78")
    yield from _code(order_type, code, place, situation)
    if code in _WITHOUT_QUANTITY and float(order.get("A77", "0")) != 0:
        yield finding("AD", f"{place}.A77")


def judge_signatures(orders: Sequence[Order], place: str, card: CardRecord | None) -> Iterator[CheckFinding]:
    """A 處方簽章 must be one that this side gave for an order on that card, and each stands for one order.

    Once the prescription is on the card every order of a kind that goes there needs its own. Before that there is
    none to give, and a box may upload first.
    """
    given = () if card is None else card.order_signatures
    left = list(given)
    for number, order in enumerate(orders):
        signature, where = order.get("A79"), f"{place}.MB2[{number}].A79"
        if signature is None:
            if given and order.get("A72") in HANDOVER:
                yield finding("AA", where)
        elif signature in left:
            left.remove(signature)
        else:
            yield finding("16", where)


def _code(order_type: str, code: str, place: str, situation: Situation) -> Iterator[CheckFinding]:
    if not code:
        return
    if order_type in _VIRTUAL_TYPES:
        if code not in VIRTUAL_ORDERS:
            yield finding("23", f"{place}.A73")
    elif code in VIRTUAL_ORDERS:
        yield finding("19", f"{place}.A72")
    elif order_type in _CODE_SETS:
        datasets, refusal = _CODE_SETS[order_type]
        if not any(is_code(situation.connection, dataset, code) for dataset in datasets):
            yield finding(refusal, f"{place}.A73")
