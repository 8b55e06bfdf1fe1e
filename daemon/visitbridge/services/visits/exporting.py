"""A visit for other programs, and what is wrong with it before anybody sends it (R02, beyond #22)."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from visitbridge.domain.visit import VisitState
from visitbridge.errors import FieldInvalid, VisitClosed
from visitbridge.ports.clock import Clock
from visitbridge.ports.store import Store
from visitbridge.protocols.datacentre.common import CheckFinding
from visitbridge.protocols.ic_upload.xml import encode as encode_ic
from visitbridge.protocols.visit_export import claim_xml, csv_table, fhir_bundle, scheme_json
from visitbridge.protocols.visit_export import training as training_marks
from visitbridge.protocols.visit_export.transcript import (
    Substitutes,
    Transcript,
    UnfitCharacter,
    to_big5,
    unfit_characters,
)
from visitbridge.services.outbox.ic_bodies import foreseen_findings, ic_record_of, order_signatures
from visitbridge.services.outbox.names import UPLOAD_IC, UPLOAD_VISIT, WRITE_VISIT
from visitbridge.services.visits.acts import note
from visitbridge.services.visits.views import VisitView


class ExportForm(enum.StrEnum):
    """``scheme``: 方案就醫資料 (JSON, Big5); ``claim``: 門診申報 XML draft (Big5); ``fhir``: TW Core Bundle; ``table``: CSV."""

    SCHEME = "scheme"
    CLAIM = "claim"
    FHIR = "fhir"
    TABLE = "table"


_SUFFIXES: Mapping[ExportForm, str] = {
    ExportForm.SCHEME: "json",
    ExportForm.CLAIM: "xml",
    ExportForm.FHIR: "fhir.json",
    ExportForm.TABLE: "csv",
}


_TRAINING_MARKS: Mapping[ExportForm, Callable[[bytes], bytes]] = {
    ExportForm.SCHEME: training_marks.mark_scheme,
    ExportForm.CLAIM: training_marks.mark_claim,
    ExportForm.FHIR: training_marks.mark_bundle,
    ExportForm.TABLE: training_marks.mark_table,
}


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """``findings``: what the insurer's check would refuse, by its codes. ``unfit``: characters outside Big5."""

    findings: tuple[CheckFinding, ...]
    unfit: tuple[UnfitCharacter, ...]


class ExportedFile(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    content: bytes


class ExportDesk:
    """``view`` gives one visit with its receipts and raises NotFound; ``sam_id`` raises NotBound. ``training``: every file
    says 訓練, in its name and inside.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        view: Callable[[str], Awaitable[VisitView]],
        *,
        sam_id: Callable[[], str],
        training: bool = False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._view = view
        self._sam_id = sam_id
        self._training = training

    async def inspect(self, visit_id: str) -> Inspection:
        """What stands in the way of an upload or an export, for a draft as well. Raises NotFound."""
        view = await self._view(visit_id)
        try:
            findings = foreseen_findings(view.visit, view.receipts, self._sam_id())
        except FieldInvalid:
            findings = ()
        return Inspection(findings=findings, unfit=unfit_characters([view.visit]))

    async def export(
        self, visit_id: str, form: ExportForm, chosen: Substitutes, *, who: str, phone_id: str
    ) -> ExportedFile:
        """The file; that it was made is on the audit trail before it is handed out.

        ``chosen``: what a person writes in place of characters outside Big5. Raises NotFound, VisitClosed for a draft,
        NotInBig5 for a character nobody decided on, FieldInvalid for a choice that is no Big5 either.
        """
        for character, text in chosen.items():
            if len(character) != 1:
                raise FieldInvalid("one character stands for each choice", field="chosen")
            to_big5(text, "chosen", {})
        view = await self._view(visit_id)
        if view.visit.state is not VisitState.FINISHED:
            raise VisitClosed("only a finished visit is exported")
        content = self._encode(form, self._transcript(view), chosen)
        name = f"visit-{visit_id[-6:]}.{_SUFFIXES[form]}"
        if self._training:
            content, name = _TRAINING_MARKS[form](content), f"{training_marks.MARK}-{name}"
        now = self._clock.now()
        await self._store.write(
            lambda tx: note(
                tx, view.visit, at=now, act="visit.export", who=who, phone_id=phone_id, why=form.value
            )
        )
        return ExportedFile(name=name, content=content)

    def _encode(self, form: ExportForm, found: Transcript, chosen: Substitutes) -> bytes:
        match form:
            case ExportForm.SCHEME:
                return scheme_json.encode([found], chosen)
            case ExportForm.CLAIM:
                return claim_xml.encode(claim_xml.claim_of([found], chosen))
            case ExportForm.FHIR:
                return fhir_bundle.encode(found, at=self._clock.now())
            case ExportForm.TABLE:
                return csv_table.encode([found])

    def _transcript(self, view: VisitView) -> Transcript:
        receipts = view.receipts
        card = receipts.get(WRITE_VISIT)
        upload = receipts.get(UPLOAD_VISIT)
        sent = UPLOAD_IC in receipts
        return Transcript(
            visit=view.visit,
            visit_identifier=upload.insurer.get("visit_identifier", "") if upload else "",
            card_signature=card.insurer.get("signature", "") if card else "",
            order_signatures=order_signatures(receipts),
            ic_xml=encode_ic([ic_record_of(view.visit, receipts, self._sam_id())]).decode("big5")
            if sent
            else "",
        )
