"""The insurer's side, as services see it (architecture.md "The data-centre seam").

All calls raise LinkDown (not sent), PortalUntrusted (not sent), ReplyLost (sent, no answer), DataCentreBusy,
DataCentreGarbled, Rejected, DeviceDisabled, NotBound; the ones behind a SAM or a staff session also
SamNotVerified and StaffTokenRefused.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from visitbridge.errors import VisitBridgeError
from visitbridge.protocols.datacentre.cards import BatchAnswers, OpenCardSession, SessionStep
from visitbridge.protocols.datacentre.common import Receipt, ReceiptStatus
from visitbridge.protocols.datacentre.device import (
    BindAnswer,
    BindTicket,
    DeviceInfo,
    DeviceStatus,
    SamVerification,
)
from visitbridge.protocols.datacentre.uploads import (
    DataSetInfo,
    DataSetManifest,
    Eligibility,
    EligibilityRequest,
    UploadKind,
)


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """What the last answer said of the other side: its epoch, its time, and our monotonic time then."""

    epoch: str
    time: dt.datetime
    monotonic_s: float


class HandoffRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """``error``: what sending the item would have raised. ``digest``: SHA-256 of the refused body, hex."""

    key: str
    digest: str
    error: VisitBridgeError


class DataCentre(Protocol):
    @property
    def contact(self) -> Contact | None: ...

    @property
    def is_bound(self) -> bool: ...

    async def bind(
        self, ticket: BindTicket, pin: str, device: DeviceInfo, *, bound_to: str = ""
    ) -> BindAnswer:
        """Make a key, have it certified, keep both (B05-B08). ``bound_to``: code of the institution that the box belongs
        to already. Raises BindRefused; BoundElsewhere, with nothing kept, for a ticket of another institution.
        """
        ...

    async def device_status(self) -> DeviceStatus: ...

    async def verify_sam(self) -> SamVerification: ...

    async def open_staff_session(self) -> SessionStep: ...

    async def answer_staff(self, session_id: str, answers: BatchAnswers) -> SessionStep: ...

    async def end_staff_session(self, token: str) -> None: ...

    async def open_card_session(self, request: OpenCardSession) -> SessionStep: ...

    async def answer_card(self, session_id: str, answers: BatchAnswers) -> SessionStep: ...

    async def end_card_session(self, session_id: str) -> None: ...

    async def send(self, kind: UploadKind, key: str, body: bytes) -> Receipt:
        """Deliver one upload under its key. Rejected carries field and words; see also KeyConflict."""
        ...

    async def receipt(self, key: str) -> ReceiptStatus: ...

    async def missing_receipts(self, keys: Sequence[str]) -> tuple[str, ...]: ...

    async def handoff_refusals(self, keys: Sequence[str]) -> tuple[HandoffRefusal, ...]:
        """Those of ``keys`` that came by file and were refused for good (decision 0014)."""
        ...

    async def datasets(self) -> DataSetManifest: ...

    async def choose_dataset_group(self, group: str) -> DataSetManifest:
        """From now on this box uses the sets of ``group``: what it is offered then. Raises Rejected for a group that is not
        on offer.
        """
        ...

    async def download_dataset(self, info: DataSetInfo, target: Path) -> None:
        """Fetch to ``target`` (resumed if a part is there), check size and SHA-256, else DataCentreGarbled."""
        ...

    async def eligibility(self, request: EligibilityRequest) -> Eligibility: ...
