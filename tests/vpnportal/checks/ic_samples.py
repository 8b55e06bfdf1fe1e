"""IC-card uploads written out by hand from the field table (nhi-domain §3.1), and a way to spoil them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

DECLARATION = b'<?xml version="1.0" encoding="Big5"?>'

SIGNATURE = "AB" * 64
ORDER_SIGNATURES = ("0123456789" * 4, "9876543210" * 4)
NUMBER = "0007"
VISIT_TIME = "1151123092000"

HEAD = {"A00": "1", "A01": "1", "A02": "1.0"}

NORMAL = {
    "A11": "900000000001",
    "A12": "A123456788",
    "A13": "0300308",
    "A14": "9999999995",
    "A15": "D100000001",
    "A16": "912345678901",
    "A17": VISIT_TIME,
    "A18": NUMBER,
    "A19": "1",
    "A22": SIGNATURE,
    "A23": "01",
    "A25": "J069",
    "A31": "1631",
    "A32": "82",
}

ORDER = {
    "A71": VISIT_TIME,
    "A72": "1",
    "A73": "TEST000001",
    "A75": "TID PO",
    "A76": "07",
    "A77": "21.0",
    "A78": "01",
}

SIGNED = ORDER | {"A79": ORDER_SIGNATURES[0]}
SECOND = ORDER | {"A79": ORDER_SIGNATURES[1]}

BARE_TIME = "1151123091000"
"""A visit of the same card whose prescription is not on it yet; its number is the one before."""

BARE = {"A17": BARE_TIME, "A18": "0006"}

ABNORMAL = {tag: value for tag, value in NORMAL.items() if tag not in {"A11", "A16", "A22"}} | {"A18": "F00B"}

Values = Mapping[str, str | None]


def segment(tag: str, values: Values) -> str:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in values.items() if value is not None)
    return f"<{tag}>{inner}</{tag}>"


def record(visit: Values, orders: Sequence[Values] = (), head: Values = HEAD) -> str:
    lines = "".join(segment("MB2", order) for order in orders)
    return f"<REC>{segment('MSH', head)}<MB>{segment('MB1', visit)}{lines}</MB></REC>"


def upload(*records: str) -> bytes:
    return DECLARATION + f"<RECS>{''.join(records)}</RECS>".encode("big5")


def normal(changes: Values | None = None, orders: Sequence[Values] = (SIGNED,)) -> bytes:
    """A record with a card and its number (A01=1)."""
    return upload(record(NORMAL | dict(changes or {}), orders))


def abnormal(changes: Values | None = None, orders: Sequence[Values] = (ORDER,)) -> bytes:
    """A record without (A01=2)."""
    return upload(record(ABNORMAL | dict(changes or {}), orders, HEAD | {"A01": "2"}))
