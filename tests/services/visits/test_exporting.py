"""Exporting a visit: noted before it is handed out, and refused for what a person has not decided (R02)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from tests.adapters.store.builders import KEY, receipt, save, visit
from tests.services.outbox.samples import visit as visit_to_send
from visitbridge.adapters.store import open_store
from visitbridge.domain.visit import (
    Diagnosis,
    Identification,
    Visit,
    VisitContent,
    VisitFlags,
    VisitState,
)
from visitbridge.errors import FieldInvalid, NotInBig5, VisitBridgeError, VisitClosed
from visitbridge.ports.store import Store
from visitbridge.protocols.visit_export import claim_xml, csv_table, scheme_json
from visitbridge.services.outbox.names import UPLOAD_IC, UPLOAD_VISIT
from visitbridge.services.visits.exporting import ExportDesk, ExportForm
from visitbridge.services.visits.views import VisitView
from visitbridge.sim.clock import FakeClock

CONTENT = VisitContent(diagnoses=(Diagnosis(code="I10", name_zh="高血壓"),), objective="見𠮷")


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "store.db", KEY, clock=clock) as opened:
        yield opened


@pytest.fixture
async def finished(store: Store) -> Visit:
    made = visit(content=CONTENT, state=VisitState.FINISHED)
    await save(store, made)
    return made


def desk_for(
    store: Store, clock: FakeClock, shown: Visit, *, uploaded: bool = False, training: bool = False
) -> ExportDesk:
    receipts = {
        UPLOAD_VISIT: receipt("v", insurer={"visit_identifier": "0TEST000000000000001"}),
        UPLOAD_IC: receipt("i"),
    }
    view = VisitView(
        visit=shown,
        flags=VisitFlags(),
        jobs=(),
        receipts={True: receipts, False: {}}[uploaded],
        notice="",
    )

    async def found(visit_id: str) -> VisitView:
        return view

    return ExportDesk(store, clock, found, sam_id=lambda: "900000000001", training=training)


async def acts(store: Store) -> list[tuple[str, str, str, str]]:
    rows = await store.read(lambda tx: tx.audit.rows())
    return [(row.entry.act, row.entry.why, row.entry.who, row.entry.phone_id) for row in rows]


@pytest.mark.parametrize("form", [ExportForm.FHIR, ExportForm.TABLE])
async def test_R02_an_export_is_on_the_audit_trail(
    store: Store, clock: FakeClock, finished: Visit, form: ExportForm
) -> None:
    file = await desk_for(store, clock, finished).export(
        finished.visit_id, form, {}, who="D-9", phone_id="p1"
    )

    assert ("visit.export", form.value, "D-9", "p1") in await acts(store)
    assert "見𠮷".encode() in file.content or form is ExportForm.FHIR
    assert finished.patient.name not in file.name


async def test_R02_the_schemes_file_holds_what_the_insurer_said(
    store: Store, clock: FakeClock, finished: Visit
) -> None:
    desk = desk_for(store, clock, finished, uploaded=True)

    file = await desk.export(finished.visit_id, ExportForm.SCHEME, {"𠮷": "吉"}, who="D-9", phone_id="p1")

    (read,) = scheme_json.decode(file.content)
    assert (read.enc, read.objective) == ("0TEST000000000000001", "見吉")
    assert read.ic_xml.startswith("<?xml")


READERS: dict[ExportForm, Callable[[bytes], object]] = {
    ExportForm.SCHEME: scheme_json.decode,
    ExportForm.CLAIM: claim_xml.decode,
    ExportForm.TABLE: csv_table.decode,
}


@pytest.mark.parametrize("form", READERS)
async def test_a_file_made_in_training_says_so_and_no_reader_of_its_form_takes_it(
    store: Store, clock: FakeClock, finished: Visit, form: ExportForm
) -> None:
    desk = desk_for(store, clock, finished, uploaded=True, training=True)

    file = await desk.export(finished.visit_id, form, {"𠮷": "吉"}, who="D-9", phone_id="p1")

    assert file.name.startswith("訓練-")
    assert any("訓練" in file.content.decode(coding, "ignore") for coding in ("big5", "utf-8"))
    with pytest.raises(FieldInvalid):
        READERS[form](file.content)


async def test_a_bundle_made_in_training_is_labelled_as_data_of_tests(
    store: Store, clock: FakeClock, finished: Visit
) -> None:
    desk = desk_for(store, clock, finished, training=True)

    file = await desk.export(finished.visit_id, ExportForm.FHIR, {}, who="D-9", phone_id="p1")

    meta = json.loads(file.content)["meta"]
    assert [label["code"] for label in meta["security"]] == ["HTEST"]
    assert meta["tag"] == [{"display": "訓練"}]


@pytest.mark.parametrize("form", [ExportForm.SCHEME])
async def test_what_nobody_decided_is_refused_and_not_noted(
    store: Store, clock: FakeClock, finished: Visit, form: ExportForm
) -> None:
    with pytest.raises(NotInBig5):
        await desk_for(store, clock, finished).export(finished.visit_id, form, {}, who="D-9", phone_id="p1")

    assert await acts(store) == []


@pytest.mark.parametrize(
    ("chosen", "error"), [({"𠮷": "𡘙"}, NotInBig5), ({"𠮷堃": "x"}, FieldInvalid), ({"": "x"}, FieldInvalid)]
)
async def test_a_choice_has_to_be_one_character_and_fit_itself(
    store: Store, clock: FakeClock, finished: Visit, chosen: dict[str, str], error: type[VisitBridgeError]
) -> None:
    with pytest.raises(error):
        await desk_for(store, clock, finished).export(
            finished.visit_id, ExportForm.SCHEME, chosen, who="D-9", phone_id="p1"
        )


async def test_a_draft_is_not_exported(store: Store, clock: FakeClock, finished: Visit) -> None:
    draft = msgspec.structs.replace(finished, state=VisitState.DRAFT)

    with pytest.raises(VisitClosed):
        await desk_for(store, clock, draft).export(
            draft.visit_id, ExportForm.FHIR, {}, who="D-9", phone_id="p1"
        )


async def test_the_check_tells_all_at_once(store: Store, clock: FakeClock, finished: Visit) -> None:
    found = await desk_for(store, clock, finished).inspect(finished.visit_id)

    assert [(each.field, each.position, each.character) for each in found.unfit] == [
        ("content.objective", 2, "𠮷")
    ]
    assert {each.field for each in found.findings} == {"A15"}
    assert all(each.words for each in found.findings)


@pytest.mark.parametrize(
    "identification", [way for way in Identification if way is not Identification.ABNORMAL]
)
@pytest.mark.parametrize("state", [VisitState.DRAFT, VisitState.FINISHED])
async def test_the_check_does_not_miss_what_card_or_data_centre_have_yet_to_bring(
    store: Store, clock: FakeClock, state: VisitState, identification: Identification
) -> None:
    waiting = msgspec.structs.replace(visit_to_send(identification=identification), state=state)

    found = await desk_for(store, clock, waiting).inspect(waiting.visit_id)

    assert found.findings == ()


async def test_the_check_misses_the_code_that_a_person_has_to_choose(store: Store, clock: FakeClock) -> None:
    chosen_by_nobody = visit_to_send(identification=Identification.ABNORMAL)

    found = await desk_for(store, clock, chosen_by_nobody).inspect(chosen_by_nobody.visit_id)

    assert [(each.code, each.field) for each in found.findings] == [("AD02", "A18")]


async def test_the_check_of_a_draft_without_a_diagnosis_finds_no_upload_to_check(
    store: Store, clock: FakeClock, finished: Visit
) -> None:
    empty = msgspec.structs.replace(finished, content=VisitContent(), state=VisitState.DRAFT)

    found = await desk_for(store, clock, empty).inspect(empty.visit_id)

    assert (found.findings, found.unfit) == ((), ())
