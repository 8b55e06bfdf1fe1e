"""Shapes of the live topics: what ``/api/state`` returns and the event stream sends (ux §3.6)."""

from __future__ import annotations

import datetime as dt

import msgspec

from visitbridge.domain.jobs import Age
from visitbridge.domain.people import Institution, Right, StaffKind
from visitbridge.domain.visit import VisitFlags, VisitState


class PerReader(msgspec.Struct, frozen=True, kw_only=True):
    """A live value that everybody sees as it is for them: by staff id, or by phone where nobody is signed in."""

    def for_reader(self, reader: str) -> msgspec.Struct:
        """What is sent to one reader."""
        raise NotImplementedError


class PerPhone(msgspec.Struct, frozen=True, kw_only=True):
    """A live value that every phone sees as it is for that phone, whoever uses it."""

    def for_phone(self, phone_id: str) -> msgspec.Struct:
        """What is sent to one phone."""
        raise NotImplementedError


class ModeTopic(msgspec.Struct, frozen=True, kw_only=True):
    """``virtual``: simulated devices are in use; the UI's banner cannot be hidden. ``training``: nothing real is sent.

    ``lessons``: this is the gateway of the training rooms.
    """

    virtual: bool
    training: bool
    lessons: bool = False


class BoxTopic(msgspec.Struct, frozen=True, kw_only=True):
    bound: bool
    box_name: str
    sheet_id: str
    version: str
    institution: Institution | None = None
    sam_id: str = ""
    sam_valid_until: dt.date | None = None
    sam_verified_at: dt.datetime | None = None
    dataset_group: str = ""
    enabled: bool = True


class LinkTopic(msgspec.Struct, frozen=True, kw_only=True):
    """``hop``: the first broken one of network, dns, host, tls, data_centre, device_disabled, not_bound,
    bound_elsewhere, or what is wrong before the network is reached; starting while nothing is known yet.
    """

    link: str
    hop: str
    since: dt.datetime
    last_success_at: dt.datetime | None = None


class QueueTopic(msgspec.Struct, frozen=True, kw_only=True):
    depth: int
    attention: int
    sending: int
    oldest_at: dt.datetime | None
    oldest_age: Age
    last_success_at: dt.datetime | None


class CardPatient(msgspec.Struct, frozen=True, kw_only=True):
    """Patient header (G04). ``name_open``: the card cannot hold all of the name, and nobody has confirmed it yet (G07)."""

    name: str
    card_no_tail: str
    id_masked: str
    birth_date: dt.date
    sex: str
    name_open: bool = False


class SlotCard(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    insertion: int
    error_code: str
    patient: CardPatient | None


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """``sleeps``: away may only mean asleep, until somebody touches it. ``trouble``: error code of why it stays away."""

    reader_id: str
    name: str
    transport: str
    state: str
    virtual: bool
    battery_percent: int | None
    signal_dbm: int | None
    card: SlotCard
    battery_low: bool | None = None
    sleeps: bool = False
    trouble: str = ""


class CardsTopic(msgspec.Struct, frozen=True, kw_only=True):
    """``troubles``: error codes of transports that cannot look for readers at present."""

    readers: tuple[Slot, ...]
    troubles: tuple[str, ...] = ()


class StaffSessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A staff session without its token."""

    session_id: str
    staff_id: str
    name: str
    kind: StaffKind
    rights: tuple[Right, ...]
    started_at: dt.datetime
    ends_at: dt.datetime
    phone_ids: tuple[str, ...]


class StaffTopic(msgspec.Struct, frozen=True, kw_only=True):
    sessions: tuple[StaffSessionView, ...]


class TimeTopic(msgspec.Struct, frozen=True, kw_only=True):
    trust: str


class PowerTopic(msgspec.Struct, frozen=True, kw_only=True):
    """``switching_off``: the machine has agreed to go off; nobody should begin anything. ``battery_silent``: there should
    be a battery, and its gauge does not tell.
    """

    battery_percent: int | None
    under_voltage: bool | None
    battery_silent: bool = False
    switching_off: bool = False


class StoreTopic(msgspec.Struct, frozen=True, kw_only=True):
    """``rescued_at``: the database was damaged then and a backup took its place; what was saved after
    ``backup_at`` is in the damaged file only. None while nothing is the matter.
    """

    rescued_at: dt.datetime | None = None
    backup_at: dt.datetime | None = None


class ErasureTopic(msgspec.Struct, frozen=True, kw_only=True):
    """``ordered_at``: the institution wants this box erased and was told of ``unsent`` items; None while it does not."""

    ordered_at: dt.datetime | None = None
    unsent: int = 0


class CertificateTopic(msgspec.Struct, frozen=True, kw_only=True):
    """What phones are shown. ``fingerprint``: SHA-256 in hex. ``own``: signed by the box itself, not dropped in.
    ``refused``: the code of why a dropped-in certificate is not in use, else empty.
    """

    fingerprint: str
    ends_at: dt.datetime
    own: bool
    refused: str = ""


class EditorNotice(msgspec.Struct, frozen=True, kw_only=True):
    """The phone that may change a draft; ``phone_id`` is empty when nobody does (Y05)."""

    visit_id: str
    phone_id: str
    phone_name: str


class PortalTopic(msgspec.Struct, frozen=True, kw_only=True):
    """The box's certificate at the data centre; ``renewal_due``: it should have been renewed by now."""

    certificate_ends_at: dt.datetime
    renewal_due: bool


class VisitNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A visit changed; phones that show it fetch it again."""

    visit_id: str
    revision: int
    state: VisitState
    flags: VisitFlags
