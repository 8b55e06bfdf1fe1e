"""A page of a prescription: time and memory of its worker, beside an interpreter that starts and ends, in one run.

``python -m tests.bench.bench_paper``; goals: 1 s and 120 MB (O05).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import msgspec

from tests.bench import measure
from visitbridge.adapters.paper.maker import PaperOrder
from visitbridge.domain.prescription_sheet import PrescriptionSheet, SheetDrug
from visitbridge.words import load_catalogue

_DRUGS = tuple(
    SheetDrug(
        code=f"AC{number:08d}",
        name="示範降壓錠 5 毫克 (demo film-coated tablets)",
        dose="1",
        frequency="BID",
        route="PO",
        days="28",
        total="56",
        refills=3,
    )
    for number in range(5)
)
_SHEET = PrescriptionSheet(
    institution_code="0000000001",
    institution_name="示範居家護理所",
    patient_name="測試病人甲",
    patient_id="A12****789",
    birth_date="0390101",
    sex="F",
    visit_at="1151122 09:30",
    sequence_no="0012",
    practitioner="示範醫師",
    diagnoses=("I10 本態性高血壓",),
    drugs=_DRUGS,
    qr_text=";".join(["VB0000000001", "2", *("x" * 10 for _ in range(54))]),
    passphrase="7F3A22KQ",
    print_no=1,
    printed_at="1151122 10:05",
)


def run(rounds: int) -> dict[str, Any]:
    """Percentiles in milliseconds, the largest resident set of any page in megabytes (10^6 bytes)."""
    texts = load_catalogue().texts("zh-Hant-TW")
    order = msgspec.json.encode(
        PaperOrder(
            sheet=_SHEET,
            texts={key[6:]: text for key, text in texts.items() if key.startswith("paper.")},
        )
    )
    pages = [_one(["-m", "visitbridge.adapters.paper.worker"], order) for _ in range(rounds)]
    idle = [_one(["-c", "import sys; sys.stdin.read()"], b"") for _ in range(rounds)]
    return {
        "page_ms": measure.percentiles_ms([spent_s for spent_s, _ in pages]),
        "bare_interpreter_ms": measure.percentiles_ms([spent_s for spent_s, _ in idle]),
        "page_mb": max(size for _, size in pages),
        "bare_interpreter_mb": max(size for _, size in idle),
    }


def _one(arguments: list[str], task: bytes) -> tuple[float, float]:
    began_s = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(task)
    process.stdin.close()
    process.stdout.read()
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return time.perf_counter() - began_s, usage.ru_maxrss * 1024 / 1e6


if __name__ == "__main__":
    measure.report("paper", run(10))
