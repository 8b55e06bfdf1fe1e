"""公告訊息 as a box tells them."""

from __future__ import annotations

from typing import Any

from tests.webui.samples import ago

Json = dict[str, Any]

URGENT, PLAIN = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"


def line(announcement_id: str, title: str, **changes: Any) -> Json:
    return {
        "announcement_id": announcement_id,
        "title": title,
        "urgent": False,
        "issued_at": ago(minutes=90),
        "expires_at": None,
        "read": False,
        **changes,
    }


LINES = (line(URGENT, "颱風停止上班", urgent=True), line(PLAIN, "系統維護", read=True))
TOPIC: Json = {"items": list(LINES)}
ANSWERS: Json = {
    "GET /api/announcements": [
        {**one, "body": f"{one['title']}：明天全日暫停。\n請先聯絡病人改期。"} for one in LINES
    ],
    f"POST /api/announcements/{URGENT}/read": {},
}
