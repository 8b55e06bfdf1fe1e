"""The box and its institution: binding, the cloud SAM, enabled or not (B05-B14, E01-E04)."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import platform
from collections.abc import Callable

import msgspec

from visitbridge.domain.people import Institution
from visitbridge.domain.roc import TAIPEI
from visitbridge.errors import BoundElsewhere, DataCentreError, DeviceDisabled, FieldInvalid, NotBound
from visitbridge.ports.clock import Clock
from visitbridge.ports.datacentre import DataCentre
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.device import (
    DeviceInfo,
    DeviceStatus,
    SamRecord,
    SamVerification,
    decode_ticket,
)
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import BoxTopic

log = logging.getLogger(__name__)

_SETTING = "box.binding"


class BoxRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the box knows of itself, as one durable value."""

    sheet_id: str
    name: str
    institution: Institution | None = None
    sam: SamRecord | None = None
    sam_verified: SamVerification | None = None
    dataset_group: str = ""
    enabled: bool = True
    handoff_key: str = ""


class Binding:
    """Call :meth:`load` once before anything else."""

    def __init__(
        self,
        store: Store,
        data_centre: DataCentre,
        board: LiveBoard,
        clock: Clock,
        *,
        new_id: Callable[[], str],
        default_name: str,
        version: str,
    ) -> None:
        self._store = store
        self._data_centre = data_centre
        self._board = board
        self._clock = clock
        self._new_id = new_id
        self._version = version
        self._record = BoxRecord(sheet_id="", name=default_name)
        self._on_change: list[Callable[[], None]] = []
        # Held from looking at the record until its next form is on disk, so that no change undoes another.
        self._changing = asyncio.Lock()

    def when_changed(self, listener: Callable[[], None]) -> None:
        self._on_change.append(listener)

    async def load(self) -> None:
        text = await self._store.read(lambda tx: tx.settings.get(_SETTING))
        if text is None:
            sheet_id = self._new_id()
            await self._change(
                lambda record: msgspec.structs.replace(record, sheet_id=sheet_id), act="box.first_start"
            )
        else:
            self._record = msgspec.json.decode(text, type=BoxRecord)
            self._publish()

    @property
    def record(self) -> BoxRecord:
        return self._record

    def institution(self) -> Institution:
        """Raises NotBound."""
        if self._record.institution is None:
            raise NotBound
        return self._record.institution

    @property
    def institution_code(self) -> str:
        """Code of the institution whose work this box holds; empty for one that was never bound."""
        return self._record.institution.code if self._record.institution is not None else ""

    def sam_id(self) -> str:
        """12 characters. Raises NotBound."""
        if self._record.sam is None:
            raise NotBound
        return self._record.sam.sam_id

    def sam_is_verified(self) -> bool:
        """Verified today and still valid; the need ``sam`` of a job."""
        verified = self._record.sam_verified
        return verified is not None and self._clock.now() < verified.valid_until

    def require_enabled(self) -> None:
        """Raises NotBound, or DeviceDisabled when the institution switched this box off (B11)."""
        self.institution()
        if not self._record.enabled:
            raise DeviceDisabled

    async def bind(self, ticket_text: str, pin: str, name: str, *, phone_id: str = "") -> BoxRecord:
        """Bind with the content of QR-2 and the registration number (B05-B08). ``phone_id``: where they were given.

        A box that is bound may be bound again by the same institution only: what it holds of that one's patients must
        reach neither another one's people nor its data centre, so the way to another is erasing the box.

        Raises FieldInvalid (``ticket``, ``pin``, ``name``), BindRefused, BoundElsewhere, LinkDown, PortalUntrusted.
        """
        if not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 8):
            raise FieldInvalid("a registration number has 4 to 8 digits", field="pin")
        if not name.strip():
            raise FieldInvalid("the box needs a name", field="name")
        ticket = decode_ticket(ticket_text)
        device = DeviceInfo(
            sheet_id=self._record.sheet_id,
            name=name.strip(),
            kind="visitbridge",
            os_version=platform.platform(terse=True),
            software_version=self._version,
        )
        try:
            answer = await self._data_centre.bind(ticket, pin, device, bound_to=self.institution_code)
        except BoundElsewhere:
            await self._note("box.bind_refused", phone_id=phone_id)
            raise
        await self._change(
            lambda record: msgspec.structs.replace(
                record,
                name=name.strip(),
                institution=answer.institution,
                sam=answer.sam,
                sam_verified=None,
                dataset_group=answer.dataset_group,
                enabled=True,
            ),
            act="box.bind",
            phone_id=phone_id,
        )
        return self._record

    async def verify_sam(self) -> BoxRecord:
        """Verify the cloud SAM for today (E01)."""
        verified = await self._data_centre.verify_sam()

        def with_it(record: BoxRecord) -> BoxRecord | None:
            # Bound anew meanwhile, it may have another module, which was not verified.
            is_its_own = record.sam is not None and record.sam.sam_id == verified.sam_id
            return msgspec.structs.replace(record, sam_verified=verified) if is_its_own else None

        await self._change(with_it, act="sam.verify")
        return self._record

    async def verify_sam_if_due(self) -> None:
        """What link-up does by itself: verify unless it was done today (E01, E02).

        A disabled box verifies too: what it recorded before is still taken in (B11). A module that is refused says nothing
        of the line, nor keeps anything else of the contact from happening; it is tried again at the next one.
        """
        if self._record.sam is None:
            return
        verified = self._record.sam_verified
        today = self._clock.now().astimezone(TAIPEI).date()
        if (
            verified is None
            or verified.verified_at.astimezone(TAIPEI).date() != today
            or not self.sam_is_verified()
        ):
            try:
                await self.verify_sam()
            except (DeviceDisabled, NotBound):
                raise
            except DataCentreError as error:
                log.warning("the security module was not verified: %s", error)

    async def take_status(self, status: DeviceStatus) -> None:
        """Keep what the institution says of this box."""

        def with_it(record: BoxRecord) -> BoxRecord | None:
            told = msgspec.structs.replace(
                record,
                enabled=status.enabled,
                sam=status.sam,
                handoff_key=status.handoff_key_hex or record.handoff_key,
            )
            return told if told != record else None

        await self._change(with_it, act="box.enabled" if status.enabled else "box.disabled")

    async def take_group(self, group: str) -> None:
        """Whose data sets this box uses, as the data centre says (S02); empty: it does not say."""

        def with_it(record: BoxRecord) -> BoxRecord | None:
            is_news = group not in ("", record.dataset_group)
            return msgspec.structs.replace(record, dataset_group=group) if is_news else None

        await self._change(with_it, act="datasets.group")

    async def disabled(self) -> None:
        """An answer said that this box is disabled (B11)."""
        await self._change(
            lambda record: msgspec.structs.replace(record, enabled=False) if record.enabled else None,
            act="box.disabled",
        )

    async def _note(self, act: str, *, phone_id: str) -> None:
        entry = AuditEntry(at=self._clock.now(), who="box", act=act, phone_id=phone_id)
        await self._store.write(lambda tx: tx.audit.append(entry))

    async def _change(
        self, change: Callable[[BoxRecord], BoxRecord | None], *, act: str, phone_id: str = ""
    ) -> None:
        """Keep what ``change`` makes of the record as it is when its turn comes; None leaves it as it is."""
        async with self._changing:
            record = change(self._record)
            if record is None:
                return
            text = msgspec.json.encode(record).decode()
            entry = AuditEntry(at=self._clock.now(), who="box", act=act, phone_id=phone_id)

            def work(tx: Transaction) -> None:
                tx.settings.set(_SETTING, text)
                tx.audit.append(entry)

            await self._store.write(work)
            self._record = record
            self._publish()

    def _publish(self) -> None:
        self._board.put("box", self.topic())
        for listener in self._on_change:
            listener()

    def topic(self) -> BoxTopic:
        record = self._record
        verified: dt.datetime | None = record.sam_verified.verified_at if record.sam_verified else None
        return BoxTopic(
            bound=record.institution is not None,
            box_name=record.name,
            sheet_id=record.sheet_id,
            version=self._version,
            institution=record.institution,
            sam_id=record.sam.sam_id if record.sam else "",
            sam_valid_until=record.sam.valid_until if record.sam else None,
            sam_verified_at=verified,
            dataset_group=record.dataset_group,
            enabled=record.enabled,
        )
