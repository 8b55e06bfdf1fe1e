"""Small data sets as the data centre would send them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from visitbridge.protocols.datacentre.uploads import DataSetInfo, DataSetRow

DIAGNOSES = (
    DataSetRow(
        code="J06",
        name_zh="急性上呼吸道多處感染",
        name_en="Acute upper respiratory infections",
        billable=False,
    ),
    DataSetRow(code="J06.0", name_zh="急性咽喉炎", name_en="Acute laryngopharyngitis"),
    DataSetRow(
        code="J06.9", name_zh="急性上呼吸道感染", name_en="Acute upper respiratory infection, unspecified"
    ),
    DataSetRow(code="E11", name_zh="第二型糖尿病", name_en="Type 2 diabetes mellitus", billable=False),
    DataSetRow(
        code="E11.9",
        name_zh="第二型糖尿病，未伴有併發症",
        name_en="Type 2 diabetes mellitus without complications",
    ),
    DataSetRow(
        code="E10.9",
        name_zh="第一型糖尿病，未伴有併發症",
        name_en="Type 1 diabetes mellitus without complications",
    ),
    DataSetRow(code="J18.9", name_zh="肺炎", name_en="Pneumonia, unspecified organism"),
    DataSetRow(code="B01.2", name_zh="水痘性肺炎", name_en="Varicella pneumonia"),
    DataSetRow(
        code="A00.0",
        name_zh="血清型01 cholerae霍亂弧菌所致之霍亂",
        name_en="Cholera due to Vibrio cholerae 01",
    ),
    DataSetRow(
        code="B17.0",
        name_zh="Ｂ型肝炎帶原者之急性D型肝炎",
        name_en="Acute delta-(super) infection of hepatitis B carrier",
    ),
    DataSetRow(code="H81.0", name_zh="梅尼爾氏病", name_en="Ménière's disease"),
    DataSetRow(
        code="W13.0", name_zh="從陽臺跌落", name_en="Fall from balcony", attributes={"favourite": "1"}
    ),
    DataSetRow(code="W17.8", name_zh="跌落", name_en="Other fall"),
)


def write(
    folder: Path, rows: Iterable[DataSetRow], *, name: str = "icd10", version: str = "1"
) -> tuple[DataSetInfo, Path]:
    """A data set's file and its line in the manifest."""
    content = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    path = folder / f"{name}-{version}.jsonl"
    path.write_bytes(content)
    info = DataSetInfo(
        name=name,
        version=version,
        rows=content.count(b"\n"),
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        group="home-care",
    )
    return info, path
