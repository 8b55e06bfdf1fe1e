"""Visits as a team records them, and what must be true of each afterwards."""

from __future__ import annotations

from tests.scenario.day import Json
from tests.vm.box import Box

_UNDER_WAY = {"prepared", "executing"}


async def record_visit(box: Box) -> Json:
    """A finished visit with the card that is in the first reader."""
    visit = await box.start()
    (icd, *_) = await box.call("GET", "/api/catalogue/icd10?q=高血壓")
    diagnosis = {"code": icd["code"], "name_zh": icd["name_zh"]}
    await box.save(visit, {"subjective": "頭暈兩天", "diagnoses": [diagnosis]})
    await box.finish(visit)
    return visit


async def wait_writing(box: Box, visit: Json) -> None:
    """Return when the write of the visit's card is durable as an intent, and not confirmed."""
    path = f"/api/visits/{visit['visit']['visit_id']}"
    await box.until(path, lambda view: {job["state"] for job in view["jobs"]} & _UNDER_WAY)


async def wait_settled(box: Box, *visits: Json) -> list[Json]:
    """The visits as soon as all of each is done."""
    return [await box.flags(visit, card="done", vpn="done", ic="done") for visit in visits]


def numbers_on_card(box: Box, card_id: str) -> list[tuple[str, str]]:
    """State and sequence number of every record."""
    return [(str(record["visit"]), str(record["sequence_no"])) for record in box.card(card_id).records]


def effects(box: Box) -> dict[str, int]:
    """How many of each the data centre has a receipt for."""
    return dict(box.portal("select kind, count(*) from receipts group by kind"))
