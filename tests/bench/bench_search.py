"""As-you-type search of the catalogue against a LIKE scan: latency, completeness, size of the index by name.

    python -m tests.bench.bench_search [--quick] [--dir DIR] [--tables FOLDER]

``--tables`` names a folder with ``icd10cm_2023_tw.csv`` and ``nhi_drug_codes_pas.csv`` (142,000 rows; the default is
``../shared/data`` beside the checkout). Without them, as many invented rows are searched.

Goals: p99 ≤ 5 ms; ≥ 20× faster than LIKE; nothing missed; index ≤ 5 MB per 100,000 rows.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import functools
import hashlib
import itertools
import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tests.bench import measure
from visitbridge.adapters.store import SqlCatalogue, binding, open_catalogue
from visitbridge.adapters.store.catalogue.index import Index
from visitbridge.protocols.datacentre.uploads import DataSetInfo, DataSetRow
from visitbridge.sim.clock import FakeClock

CHINESE = [
    "癌",
    "性",
    "肺炎",
    "糖尿",
    "糖尿病",
    "高血壓",
    "左側",
    "之後遺症",
    "第二型糖尿病",
    "心肌梗塞",
    "絕無此病",
]
ENGLISH = ["pneumonia", "type 2 diab", "fracture of left femur", "hyperten", "unsp", "fr", "zzzqqq"]
CODES = ["J06", "j069", "E11", "S72.0", "I10", "Z99.9"]
DRUGS = ["AMOX", "panadol", "500 mg tab", "insulin", "b02325", "AC45", "met"]


def real_rows(tables: Path) -> dict[str, list[DataSetRow]]:
    with (tables / "icd10cm_2023_tw.csv").open(encoding="utf-8") as file:
        diagnoses = [
            DataSetRow(
                code=r["code"], name_zh=r["name_zh"], name_en=r["name_en"], billable=r["billable"] == "1"
            )
            for r in csv.DictReader(file)
        ]
    with (tables / "nhi_drug_codes_pas.csv").open(encoding="utf-8") as file:
        drugs = [DataSetRow(code=r["code"], name_en=r["display"]) for r in csv.DictReader(file)]
    return {"icd10": diagnoses, "drugs": drugs}


def invented_rows() -> dict[str, list[DataSetRow]]:
    """Names of the same length and make, from a seed."""
    chance = random.Random(20261123)
    parts = [
        "左側",
        "右側",
        "糖尿病",
        "肺炎",
        "高血壓",
        "骨折",
        "惡性腫瘤",
        "癌",
        "未明示",
        "之後遺症",
        "第二型",
        "性",
        "心肌梗塞",
    ]
    words = [
        "fracture",
        "of",
        "left",
        "femur",
        "type",
        "2",
        "diabetes",
        "pneumonia",
        "unspecified",
        "hypertension",
    ]

    def some(of: Sequence[str], least: int, most: int, joint: str) -> str:
        return joint.join(chance.choice(of) for _ in range(chance.randint(least, most)))

    diagnoses = [
        DataSetRow(
            code=f"{chr(65 + at % 26)}{at // 26 % 100:02d}.{at // 2600:03d}",
            name_zh=some(parts, 3, 8, ""),
            name_en=some(words, 4, 14, " "),
            billable=at % 4 != 0,
        )
        for at in range(96_802)
    ]
    drugs = [
        DataSetRow(
            code=f"A{at:09d}",
            name_en=some(["AMOXIL", "PANADOL", "TABLETS", "500", "MG", "INSULIN", "INJ."], 3, 6, " "),
        )
        for at in range(45_035)
    ]
    return {"icd10": diagnoses, "drugs": drugs}


def announced(folder: Path, name: str, rows: Sequence[DataSetRow]) -> tuple[DataSetInfo, Path]:
    content = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    path = folder / f"{name}.jsonl"
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return (
        DataSetInfo(
            name=name, version="1", rows=len(rows), size_bytes=len(content), sha256=digest, group="bench"
        ),
        path,
    )


def index_bytes(path: Path) -> int:
    """What the search by name costs beside the rows themselves."""
    connection = binding.connect_immutable(path)
    (text,) = connection.execute(
        "SELECT sum(length(block)) FROM (SELECT block FROM han_data UNION ALL SELECT block FROM words_data)"
    ).fetchone()
    (vocabulary,) = connection.execute("SELECT sum(length(word) + 4) FROM vocabulary").fetchone()
    connection.close()
    return int(text) + int(vocabulary)


async def longest_pause(during: asyncio.Task[Any]) -> float:
    """How long the event loop was kept from its work while a task ran, in seconds."""
    longest = 0.0
    while not during.done():
        begin = time.perf_counter()
        await asyncio.sleep(0.002)
        longest = max(longest, time.perf_counter() - begin - 0.002)
    return longest


def like_table(rows: Sequence[DataSetRow]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE names (id INTEGER PRIMARY KEY, code TEXT, zh TEXT, en TEXT, billable)")
    connection.executemany(
        "INSERT INTO names (code, zh, en, billable) VALUES (?, ?, ?, ?)",
        ((row.code, row.name_zh, row.name_en, row.billable) for row in rows),
    )
    return connection


def like(connection: sqlite3.Connection, column: str, query: str) -> list[tuple[str]]:
    sql = f"SELECT code FROM names WHERE {column} LIKE ? ORDER BY billable DESC, length({column}) LIMIT 20"  # noqa: S608 - a column of ours
    return connection.execute(sql, (f"%{query}%",)).fetchall()


def against_like(index: Index, rows: Sequence[DataSetRow], rounds: int) -> dict[str, Any]:
    """Processor time of the first 20 hits as they are shown, and of a LIKE scan that has to know the best 20."""
    table = like_table(rows)
    result: dict[str, Any] = {}
    for column, query in [("zh", query) for query in CHINESE] + [("en", query) for query in ENGLISH]:
        ask = functools.partial(index.search, query, preferred=(), limit=20)
        scan = functools.partial(like, table, column, query)
        cases = {"ours": functools.partial(cpu_seconds, ask), "like": functools.partial(cpu_seconds, scan)}
        times = measure.take_turns(cases, rounds)
        ours, theirs = (statistics.median(times[name]) for name in ("ours", "like"))
        result[query] = {
            "ms": round(ours * 1e3, 3),
            "like_ms": round(theirs * 1e3, 1),
            "times_faster": round(theirs / ours, 1),
        }
    table.close()
    return result


def cpu_seconds(call: Callable[[], object]) -> float:
    begin = time.thread_time()
    call()
    return time.thread_time() - begin


def missing(index: Index, rows: Sequence[DataSetRow]) -> int:
    """Rows that hold a Chinese query and are not among the hits: has to be none."""
    lost = 0
    for query in CHINESE:
        truth = {row.code for row in rows if query in row.name_zh}
        lost += len(truth - {hit.row.code for hit in index.search(query, preferred=(), limit=len(rows))})
    return lost


def keystrokes(queries: Sequence[str]) -> Iterator[str]:
    """Every query as it is typed."""
    for query in queries:
        yield from itertools.accumulate(query)


async def as_typed(catalogue: SqlCatalogue, rounds: int) -> dict[str, Any]:
    seconds: list[float] = []
    slowest = (0.0, "")
    typed = [("icd10", q) for q in keystrokes(CHINESE + ENGLISH + CODES)] + [
        ("drugs", q) for q in keystrokes(DRUGS)
    ]
    for _ in range(rounds):
        for dataset, query in typed:
            begin = time.perf_counter()
            await catalogue.search(dataset, query)
            took = time.perf_counter() - begin
            seconds.append(took)
            slowest = max(slowest, (took, query))
    return {"searches": len(seconds), "ms": measure.percentiles_ms(seconds), "slowest": slowest[1]}


async def run(folder: Path, data: dict[str, list[DataSetRow]], rounds: int) -> dict[str, Any]:
    result: dict[str, Any] = {"rows": {name: len(rows) for name, rows in data.items()}}
    async with open_catalogue(folder / "catalogue", clock=FakeClock()) as catalogue:
        for name, rows in data.items():
            begin = time.perf_counter()
            load = asyncio.ensure_future(catalogue.load(*announced(folder, name, rows)))
            pause = await longest_pause(load)
            await load
            took = time.perf_counter() - begin
            result[f"load_{name}"] = {
                "s": round(took, 2),
                "longest_pause_of_the_loop_ms": round(pause * 1e3, 1),
            }
        files = {name: folder / "catalogue" / f"{name}.dataset" for name in data}
        index = sum(index_bytes(path) for path in files.values())
        total = sum(map(len, data.values()))
        result["index_mb"] = round(index / 1e6, 2)
        result["index_mb_per_100000_rows"] = round(index / total / 10, 2)
        result["as_typed"] = await as_typed(catalogue, rounds)
    diagnoses = Index(files["icd10"])
    result["missing_rows"] = missing(diagnoses, data["icd10"])
    result["against_like"] = against_like(diagnoses, data["icd10"], rounds)
    diagnoses.close()
    faster = [found["times_faster"] for found in result["against_like"].values()]
    result["times_faster_than_like"] = {"median": statistics.median(faster), "least": min(faster)}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(parents=[], description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--dir", type=Path, default=None)
    parser.add_argument("--tables", type=Path, default=Path(__file__).parents[3] / "shared" / "data")
    options = parser.parse_args()
    data = real_rows(options.tables) if options.tables.is_dir() else invented_rows()
    with measure.open_folder(options.dir) as folder:
        measure.report("search", asyncio.run(run(folder, data, 3 if options.quick else 20)))


if __name__ == "__main__":
    main()
