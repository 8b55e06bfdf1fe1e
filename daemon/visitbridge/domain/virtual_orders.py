"""虛擬醫令 R001-R007: why medicine is prescribed although some should be left (M18, nhi-domain §4.7).

R008, S001-S004 and V000 came later; what they mean is not public, so they pass as opaque codes.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec


class Proof(enum.StrEnum):
    """What has to be kept with the chart. Where the source says nothing, nothing is asked."""

    NONE = "none"
    AFFIDAVIT = "affidavit"
    LEAVE = "leave"
    AFFIDAVIT_OR_NOTE = "affidavit_or_note"


class VirtualOrder(msgspec.Struct, frozen=True, kw_only=True):
    """``counts_as_duplicate``: NHI counts it all the same. ``restarts``: days left before it are forgotten."""

    code: str
    counts_as_duplicate: bool
    restarts: bool
    proof: Proof = Proof.NONE


VIRTUAL_ORDERS: Final[Mapping[str, VirtualOrder]] = MappingProxyType(
    {
        order.code: order
        for order in (
            VirtualOrder(code="R001", counts_as_duplicate=True, restarts=False, proof=Proof.AFFIDAVIT),
            VirtualOrder(code="R002", counts_as_duplicate=False, restarts=False, proof=Proof.LEAVE),
            VirtualOrder(code="R003", counts_as_duplicate=False, restarts=True),
            VirtualOrder(
                code="R004", counts_as_duplicate=False, restarts=False, proof=Proof.AFFIDAVIT_OR_NOTE
            ),
            VirtualOrder(code="R005", counts_as_duplicate=False, restarts=True),
            VirtualOrder(code="R006", counts_as_duplicate=False, restarts=False),
            VirtualOrder(code="R007", counts_as_duplicate=False, restarts=True),
        )
    }
)


_FORM: Final = re.compile(r"[RS]00[1-9]|V000")


def is_virtual_order(code: str) -> bool:
    """Whether a code has the form of one, those of unknown meaning included."""
    return _FORM.fullmatch(code) is not None


def restarts_supply(code: str) -> bool:
    """Whether the supply prescribed with it starts on its own day. False for codes of unknown meaning."""
    return code in VIRTUAL_ORDERS and VIRTUAL_ORDERS[code].restarts


def proofs_for(codes: Iterable[str]) -> tuple[Proof, ...]:
    """What to remind of, each once, in the order of ``codes``."""
    wanted = (VIRTUAL_ORDERS[code].proof for code in codes if code in VIRTUAL_ORDERS)
    return tuple(dict.fromkeys(proof for proof in wanted if proof is not Proof.NONE))
