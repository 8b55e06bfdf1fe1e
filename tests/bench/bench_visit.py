"""What it costs to type and to finish: a save for every keystroke of a large draft, and 完成看診, over the local API.

HTTPS on loopback, the real encrypted store with ``synchronous=FULL``; an answer means that it is on the disk. The
outbox takes the jobs and does not run, so that nothing but the finish is measured.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from tests.api.visit_house import DRUG, VisitHouse, content, open_visit_house
from tests.bench import measure
from visitbridge.sim.clock import FakeClock

_DIAGNOSES = [f"I10.{number}" for number in range(20)]
_DRUGS = [f"TEST1000{number:02d}" for number in range(20)]


def _large(subjective: str) -> dict[str, Any]:
    """Twenty diagnoses and twenty orders, as they come from the data sets."""
    return content(
        subjective=subjective,
        diagnoses=[{"code": code, "name_zh": "高血壓性心臟病，無心衰竭"} for code in _DIAGNOSES],
        orders=[{**DRUG, "code": code, "name": "示範降血壓錠 5 毫克"} for code in _DRUGS],
    )


async def run(folder: Path, *, keystrokes: int, visits: int) -> dict[str, Any]:
    async with open_visit_house(folder, FakeClock()) as box:
        box.room.catalogue.sets["icd10"].update(_DIAGNOSES)
        box.room.catalogue.sets["drugs"].update(_DRUGS)
        return {
            "save_ms": measure.percentiles_ms(await _type(box, keystrokes)),
            "finish_ms": measure.percentiles_ms([await _finish(box) for _ in range(visits)]),
        }


async def _type(box: VisitHouse, keystrokes: int) -> list[float]:
    draft = await box.start()
    await box.save(draft, _large(""))
    spent_s = []
    for number in range(keystrokes):
        began_s = time.perf_counter()
        answer = await box.save(draft, _large("咳" * (number % 200)))
        spent_s.append(time.perf_counter() - began_s)
        assert answer.status == 200, answer.body
    return spent_s


async def _finish(box: VisitHouse) -> float:
    box.room.clock.advance(60.0)
    draft = await box.start()
    assert (await box.save(draft, _large("頭暈"))).status == 200
    began_s = time.perf_counter()
    answer = await box.finish(draft)
    spent_s = time.perf_counter() - began_s
    assert answer.json["flags"]["saved"] == "done", answer.body
    return spent_s


def main() -> None:
    given = measure.arguments(__doc__ or "")
    keystrokes, visits = (100, 10) if given.quick else (1000, 100)
    with measure.open_folder(given.dir) as folder:
        measure.report("visit", asyncio.run(run(folder, keystrokes=keystrokes, visits=visits)))


if __name__ == "__main__":
    main()
