"""A visit (訪視/看診): one patient, one practitioner, one occasion.

The same types serve the API, the OpenAPI document, storage and the uploads, so a field means one thing
everywhere. Rows M01-M23, N01-N09.
"""

from __future__ import annotations

import datetime as dt
import enum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from visitbridge.domain.people import BasicRecord, Institution, StaffKind
from visitbridge.domain.virtual_orders import Proof

Text = Annotated[str, Meta(max_length=4000)]
Code = Annotated[str, Meta(max_length=20)]
Moment = Annotated[dt.datetime, Meta(tz=True)]


class Identification(enum.StrEnum):
    """How the patient was identified; decides the form of the sequence number (N09)."""

    CARD = "card"
    CARD_OFFLINE = "card_offline"
    VIRTUAL_CARD = "virtual_card"
    PHOTO = "photo"
    NO_CARD = "no_card"
    ABNORMAL = "abnormal"


class FinishMode(enum.IntEnum):
    """The four ways to finish (N01); each includes those before it."""

    SAVE = 1
    WRITE_CARD = 2
    UPLOAD_VPN = 3
    UPLOAD_IC = 4


class FlagState(enum.StrEnum):
    """One of the four flags of a visit. Words: ux §3.6."""

    NOT_WANTED = "not_wanted"
    WAITING = "waiting"
    WORKING = "working"
    ATTENTION = "attention"
    DONE = "done"


class VisitFlags(msgspec.Struct, frozen=True, kw_only=True):
    """已存 · 寫卡 · VPN · IC. ``saved`` is DONE only after the commit returned."""

    saved: FlagState = FlagState.WAITING
    card: FlagState = FlagState.NOT_WANTED
    vpn: FlagState = FlagState.NOT_WANTED
    ic: FlagState = FlagState.NOT_WANTED


class VisitState(enum.StrEnum):
    DRAFT = "draft"
    FINISHED = "finished"
    DISCARDED = "discarded"


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """An ICD-10-CM code as chosen from a data set (M07); the first one is the main diagnosis."""

    code: Code
    name_zh: Text = ""
    name_en: Text = ""


class OrderKind(enum.StrEnum):
    """Six categories, the union of both source documents (M09, X7)."""

    DRUG = "drug"
    MATERIAL = "material"
    SERVICE = "service"
    TEST = "test"
    SELF_PAID = "self_paid"
    CONTROLLED = "controlled"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the prescription (M13).

    ``dose`` per intake and ``total`` in the item's own unit, one decimal at most (nhi-domain §3.1);
    ``total_overridden`` marks a total that a person typed instead of the computed one (X17);
    ``self_entered`` marks a code that is in no data set, ``own_code`` is then the team's own for it (M12).
    ``chronic``: 慢箋, dispensed ``refills`` times; ``long_term``: for a chronic illness, dispensed once. ``price`` in
    points for one unit, ``percentage`` of it that is claimed (p8).
    """

    kind: OrderKind
    code: Code
    name: Text = ""
    dose: Annotated[float, Meta(ge=0, le=9999)] = 0.0
    frequency: Code = ""
    route: Code = ""
    days: Annotated[int, Meta(ge=0, le=92)] = 0
    total: Annotated[float, Meta(ge=0, le=99999)] = 0.0
    total_overridden: bool = False
    chronic: bool = False
    refills: Annotated[int, Meta(ge=0, le=4)] = 0
    price: Annotated[float, Meta(ge=0)] = 0.0
    note: Text = ""
    self_entered: bool = False
    own_code: Code = ""
    long_term: bool = False
    percentage: Annotated[int, Meta(ge=0, le=999)] = 100


class ClaimSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The six pickers of 申報資料設定 (M03), and 特定治療項目 (M23, claim fields d4-d7)."""

    case_type: Code = "E1"
    department: Code = "EA"
    payment_category: Code = "4"
    visit_type: Code = "01"
    dispensing: Code = "0"
    copay: Code = "K00"
    special_items: Annotated[tuple[Code, ...], Meta(max_length=4)] = ()


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """What decides the fee of a home visit, besides who comes for what (HH-PLAN; nhi-domain §4.9).

    ``arrived_at``, ``departed_at``: None stands for 看診時間 and for the moment of 完成看診. ``remote``: 山地離島;
    ``under_served``: an area where the patient's share is smaller; ``emergency``: 緊急訪視; ``holiday``: 例假日.
    """

    arrived_at: Moment | None = None
    departed_at: Moment | None = None
    remote: bool = False
    under_served: bool = False
    emergency: bool = False
    holiday: bool = False


class Practitioner(msgspec.Struct, frozen=True, kw_only=True):
    """Who signs: the holder of the HPC (F09). ``id_no``: 醫事人員身分證號, which uploads ask for (A15)."""

    staff_id: str
    name: str
    kind: StaffKind
    id_no: str = ""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A GNSS fix in WGS 84 degrees (T05). ``fixed_at``: the satellites' own time.

    ``age_s``: how old the fix was when the visit began, by the box's monotonic clock. ``accuracy_m``: estimated
    radius, None when the receiver does not tell.
    """

    latitude: float
    longitude: float
    fixed_at: dt.datetime
    accuracy_m: float | None = None
    age_s: float = 0.0


class VisitContent(msgspec.Struct, frozen=True, kw_only=True):
    """What a person types; every change is saved as a new revision of the draft.

    ``proofs_kept``: what virtual orders ask for and a person says lies with the chart (M18). ``fee_points``,
    ``copay_points``: 門診醫療費用, 門診部分負擔費用 (M21); computed at 完成看診 unless ``amounts_by_hand``.
    """

    programme: Code = "home_integrated"
    claim: ClaimSettings = ClaimSettings()
    subjective: Text = ""
    objective: Text = ""
    diagnoses: Annotated[tuple[Diagnosis, ...], Meta(max_length=20)] = ()
    orders: Annotated[tuple[Order, ...], Meta(max_length=60)] = ()
    virtual_orders: Annotated[tuple[Code, ...], Meta(max_length=10)] = ()
    proofs_kept: Annotated[tuple[Proof, ...], Meta(max_length=10)] = ()
    virtual_order_note: Text = ""
    special_note: Text = ""
    occasion: Occasion = Occasion()
    fee_points: Annotated[int, Meta(ge=0, le=9999999)] = 0
    copay_points: Annotated[int, Meta(ge=0, le=9999999)] = 0
    amounts_by_hand: bool = False


class Sequence(msgspec.Struct, frozen=True, kw_only=True):
    """就醫序號. ``source`` says who gave it: the card with its data centre, or the box's own F00B."""

    number: str
    source: Literal["card", "box", "data_centre"]
    taken_at: dt.datetime


class ClockReading(msgspec.Struct, frozen=True, kw_only=True):
    """What the box's own clock said at a moment of untrusted wall time: seconds since that boot."""

    boot_id: str
    monotonic_s: float


class OfflineReason(enum.StrEnum):
    """Why a visit goes without the data centre (G02, F05); words say it in one sentence before it starts."""

    LINK = "link"
    STAFF = "staff"
    CHOSEN = "chosen"


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One visit at one revision.

    ``visit_id`` is minted by the box at first durable save (UUIDv7 text). ``visit_at`` is 看診時間 and, with
    ``institution.code``, the key of the card's record. ``revision`` counts every saved change, from 1.
    ``clock_trusted`` tells whether ``visit_at`` came from trusted time (Y10); when not, ``started`` is kept to set
    it right later. ``offline_reason``: why it is a
    CARD_OFFLINE visit. ``make_up``: its card is written after the occasion (補卡, J04).
    """

    visit_id: str
    revision: int
    state: VisitState
    patient: BasicRecord
    identification: Identification
    practitioner: Practitioner
    institution: Institution
    visit_at: dt.datetime
    clock_trusted: bool
    content: VisitContent
    finished_at: dt.datetime | None = None
    finish_mode: FinishMode | None = None
    sequence: Sequence | None = None
    position: Position | None = None
    offline_reason: OfflineReason | None = None
    make_up: bool = False
    started: ClockReading | None = None
