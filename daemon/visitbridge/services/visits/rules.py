"""What a draft may hold and what a visit needs before it leaves the box; every refusal names its field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

import msgspec

from visitbridge.domain.completeness import lacking
from visitbridge.domain.orders import check_draft
from visitbridge.domain.programmes import CLAIMING
from visitbridge.domain.virtual_orders import is_virtual_order
from visitbridge.domain.visit import OrderKind, Visit, VisitContent
from visitbridge.errors import FieldInvalid, UnknownCode
from visitbridge.ports.records import DataSetRecord
from visitbridge.protocols.datacentre.uploads import DataSetRow

_CLAIM: Final = {
    "case_type": "case_types",
    "department": "departments",
    "payment_category": "payment_categories",
    "visit_type": "visit_types",
    "dispensing": "dispensing",
    "copay": "copay",
}
_ORDERS: Final = {
    OrderKind.DRUG: "drugs",
    OrderKind.CONTROLLED: "drugs",
    OrderKind.MATERIAL: "materials",
    OrderKind.TEST: "tests",
}
FEE_SCHEDULE: Final = "fees"
CONTROLLED: Final = "controlled"
"""Attribute of a data set's row: the class of a controlled drug, 1 to 4; absent or empty for others."""


class CodeBook(Protocol):
    """The part of ``ports.Catalogue`` that checking needs."""

    async def loaded(self) -> Sequence[DataSetRecord]: ...

    async def get(self, dataset: str, code: str) -> DataSetRow | None: ...


class CodeUse(msgspec.Struct, frozen=True):
    """One code, the data set that has to know it, and where it was typed."""

    dataset: str
    code: str
    field: str


async def check_codes(catalogue: CodeBook, content: VisitContent, *, before: VisitContent) -> None:
    """Raise UnknownCode for a code that the loaded data set does not have, FieldInvalid for a controlled drug (M10).

    A data set that is not loaded cannot refuse anything. Codes that the draft already held are not looked up
    again: a newer data set must not lock an older draft.
    """
    held = {(use.dataset, use.code) for use in _codes(before)}
    fresh = [use for use in _codes(content) if use.code and (use.dataset, use.code) not in held]
    if not fresh:
        return
    loaded = {record.name for record in await catalogue.loaded()}
    for use in fresh:
        if use.dataset not in loaded:
            continue
        row = await catalogue.get(use.dataset, use.code)
        if row is None:
            raise UnknownCode(f"not in {use.dataset}", field=use.field)
        if row.attributes.get(CONTROLLED):
            raise FieldInvalid(
                "controlled drugs are not issued here", field=use.field, params={"rule": "controlled"}
            )


def check_content(content: VisitContent) -> None:
    """Rules that hold for a draft too. Raises FieldInvalid."""
    if content.programme not in CLAIMING:
        raise FieldInvalid("no such programme", field="content.programme")
    for index, code in enumerate(content.virtual_orders):
        if not is_virtual_order(code) or code in content.virtual_orders[:index]:
            raise FieldInvalid("no virtual order, or twice", field=f"content.virtual_orders[{index}]")
    for index, order in enumerate(content.orders):
        check_draft(order, f"content.orders[{index}]")


def check_ready(visit: Visit) -> None:
    """What a visit needs before it is written or sent. Raises FieldInvalid for the first thing it lacks."""
    for problem in lacking(visit):
        raise problem


def _codes(content: VisitContent) -> Iterator[CodeUse]:
    for name, dataset in _CLAIM.items():
        yield CodeUse(dataset, getattr(content.claim, name), f"content.claim.{name}")
    for index, code in enumerate(content.claim.special_items):
        yield CodeUse("special_items", code, f"content.claim.special_items[{index}]")
    for index, diagnosis in enumerate(content.diagnoses):
        yield CodeUse("icd10", diagnosis.code, f"content.diagnoses[{index}].code")
    for index, order in enumerate(content.orders):
        if not order.self_entered and order.kind is not OrderKind.SELF_PAID:
            yield CodeUse(_ORDERS.get(order.kind, FEE_SCHEDULE), order.code, f"content.orders[{index}].code")
        yield CodeUse("frequencies", order.frequency, f"content.orders[{index}].frequency")
        yield CodeUse("routes", order.route, f"content.orders[{index}].route")
