"""A patient and a PIN whose every byte is looked for where none may be."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from visitbridge.protocols.nhi.basic import encode_name, unpad_name
from visitbridge.sim.card import profiles
from visitbridge.sim.card.hpc import HpcProfile
from visitbridge.sim.card.nhi import NhiProfile

PIN = "83610947"
NAME = "鴆鵠樣本"
ID_NO = "A198765430"
CARD_NO = "987654321098"
COMPLAINT = "金絲雀主訴七四一"

PATIENT_NEEDLES: Mapping[str, bytes] = {
    "name": NAME.encode(),
    "name in Big5": encode_name(NAME),
    "name as JSON escapes": NAME.encode("unicode_escape"),
    "id": ID_NO.encode(),
    "card number": CARD_NO.encode(),
    "complaint": COMPLAINT.encode(),
}
PIN_NEEDLE = PIN.encode()


def patient(profile: NhiProfile) -> NhiProfile:
    basic = msgspec.structs.replace(
        profile.basic,
        card_no=CARD_NO,
        name=NAME,
        name_big5=unpad_name(encode_name(NAME)).hex().upper(),
        id_no=ID_NO,
        birth_date=dt.date(1939, 9, 9),
    )
    return msgspec.structs.replace(profile, basic=basic)


def canaries() -> tuple[tuple[NhiProfile, ...], tuple[HpcProfile, ...]]:
    """The lab's cards, with the canary as the first patient and the canary PIN on every HPC."""
    first, *others = profiles.NHI_PROFILES
    return (patient(first), *others), tuple(
        msgspec.structs.replace(hpc, pin=PIN) for hpc in profiles.HPC_PROFILES
    )


def found_in(data: bytes, needles: Mapping[str, bytes] = PATIENT_NEEDLES) -> set[str]:
    return {name for name, needle in needles.items() if needle in data}


def files_below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


_MAPPING = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (rw..) \S+ \S+ \S+ *(.*)$")


def memory_hits(pid: int, needle: bytes) -> list[str]:
    """Every place of ``needle`` in the writable memory of a process, as gcore would see it: mapping and context."""
    hits = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            match = _MAPPING.match(line)
            if match is None or match[4].startswith("[v"):
                continue
            begin, end = int(match[1], 16), int(match[2], 16)
            memory.seek(begin)
            content = memory.read(end - begin)
            for found in re.finditer(re.escape(needle), content):
                around = content[max(0, found.start() - 48) : found.end() + 24]
                hits.append(f"{match[4] or 'anonymous'} {begin + found.start():x}: {around!r}")
    return hits
