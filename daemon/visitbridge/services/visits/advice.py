"""What the rules say about a draft as it is saved: shown beside it, and never changing it."""

from __future__ import annotations

from typing import Final

import msgspec

from visitbridge.domain.amounts import copay_points, fee_points
from visitbridge.domain.completeness import lacking, proofs_missing
from visitbridge.domain.fee_proposals import proposed_fees, proposed_percentage
from visitbridge.domain.home_fees import HomeFee
from visitbridge.domain.programmes import CLAIMING, Programme, fits
from visitbridge.domain.roc import TAIPEI
from visitbridge.domain.virtual_orders import Proof
from visitbridge.domain.visit import Identification, Visit
from visitbridge.domain.visit_types import (
    FIRST_OF_SECTOR,
    CardKind,
    EarlierVisit,
    card_kind,
    first_of_course,
    suggested_type,
    wants_physical_card,
)
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.visits.acts import existing
from visitbridge.services.visits.rules import FEE_SCHEDULE, CodeBook
from visitbridge.services.visits.starting import earlier_visits

_MOST_DIGITS: Final = 7
"""No fee of the standard has more; what is longer is no number of points."""


class Lack(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that keeps the visit from being written or sent. ``params['rule']``: key of ``rule.*`` of the words."""

    field: str
    params: dict[str, str | int]


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """This month's visits with one kind of card, this one left out (H20). ``number``: the one they are claimed under."""

    kind: CardKind
    visits: int
    number: str


class VisitAdvice(msgspec.Struct, frozen=True, kw_only=True):
    """``revision`` is the visit's that the advice is about.

    ``case_type_fits`` and ``special_item`` (missing 特定治療項目, or empty) go by what is public of the programme.
    ``percentage`` belongs to ``fees``, which are proposals, with the points of the loaded payment standard where it has them. ``copay_points``: None where the rule is not known here.
    ``physical_card_wanted``: the visit type is not taken with the virtual card this visit has (H19).
    """

    revision: int
    lacking: tuple[Lack, ...]
    proofs: tuple[Proof, ...]
    visit_type: str
    courses: tuple[Course, ...]
    case_type_fits: bool
    special_item: str
    physical_card_wanted: bool
    fees: tuple[HomeFee, ...]
    percentage: int
    fee_points: int
    copay_points: int | None


class AdviceDesk:
    def __init__(self, store: Store, catalogue: CodeBook) -> None:
        self._store = store
        self._catalogue = catalogue

    async def about(self, visit_id: str) -> VisitAdvice:
        """Raises NotFound."""

        def work(tx: Transaction) -> tuple[Visit, tuple[EarlierVisit, ...]]:
            visit = existing(tx, visit_id)
            return visit, earlier_visits(tx, visit)

        advice = advise(*await self._store.read(work))
        fees = tuple([await self._as_published(fee) for fee in advice.fees])
        return msgspec.structs.replace(advice, fees=fees)

    async def _as_published(self, fee: HomeFee) -> HomeFee:
        """With the points of the payment standard that was loaded; where that tells none, those of the plan stay."""
        row = await self._catalogue.get(FEE_SCHEDULE, fee.code)
        price = "" if row is None else row.attributes.get("price", "")
        if not (price.isascii() and price.isdecimal() and len(price) <= _MOST_DIGITS):
            return fee
        return msgspec.structs.replace(fee, points=int(price))


def advise(visit: Visit, earlier: tuple[EarlierVisit, ...]) -> VisitAdvice:
    """Pure: ``earlier`` visits of the same person, in any order."""
    content, claim = visit.content, visit.content.claim
    programme = Programme(content.programme)
    usual = CLAIMING[programme]
    sector = claim.visit_type if claim.visit_type in FIRST_OF_SECTOR else usual.visit_type
    return VisitAdvice(
        revision=visit.revision,
        lacking=tuple(Lack(field=one.field or "", params=one.params) for one in lacking(visit)),
        proofs=proofs_missing(content),
        visit_type=suggested_type(
            earlier, sector=sector, visit_at=visit.visit_at, identification=visit.identification
        ),
        courses=tuple(_courses(visit, earlier, sector)),
        case_type_fits=fits(programme, claim.case_type),
        special_item="" if usual.special_item in claim.special_items else usual.special_item,
        physical_card_wanted=visit.identification is Identification.VIRTUAL_CARD
        and wants_physical_card(claim.visit_type),
        fees=proposed_fees(visit),
        percentage=proposed_percentage(visit),
        fee_points=fee_points(content.orders),
        copay_points=copay_points(content),
    )


def _courses(visit: Visit, earlier: tuple[EarlierVisit, ...], sector: str) -> list[Course]:
    local = visit.visit_at.astimezone(TAIPEI)
    courses = []
    for kind, example in (
        (CardKind.PHYSICAL, Identification.CARD),
        (CardKind.VIRTUAL, Identification.VIRTUAL_CARD),
    ):
        month = [
            before
            for before in earlier
            if card_kind(before.identification) is kind
            and (at := before.visit_at.astimezone(TAIPEI)).year == local.year
            and at.month == local.month
        ]
        first = first_of_course(month, sector=sector, visit_at=visit.visit_at, identification=example)
        if month:
            courses.append(Course(kind=kind, visits=len(month), number=first.number if first else ""))
    return courses
