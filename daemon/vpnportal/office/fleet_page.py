"""裝置使用狀況: the list of boxes (B09, beyond #14)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from xml.etree.ElementTree import Element

from visitbridge.protocols.health import BoxHealth, LinkHour
from vpnportal.fleet import Alarm, FleetBox, FleetQuery, Level, TicketState, span
from vpnportal.office.markup import Node, tag
from vpnportal.office.wording import LINKS, NOTHING, PINS, day, moment, volume

_LEVELS = {Level.ALARM: "alarm", Level.WARNING: "warning", Level.NONE: "fine"}


def fleet_body(boxes: Sequence[FleetBox], query: FleetQuery, now: dt.datetime) -> Iterator[Node]:
    alarmed = sum(box.level is Level.ALARM for box in boxes)
    warned = sum(box.level is Level.WARNING for box in boxes)
    yield tag("h1", "裝置使用狀況")
    yield tag(
        "p",
        tag("strong", f"{len(boxes)} 台"),
        f"　{alarmed} 台須處理　{warned} 台須注意　截至 {moment(now)}",
        class_="summary",
    )
    yield _filters(query)
    if not boxes:
        yield tag("p", "沒有符合條件的裝置。", class_="empty")
        return
    yield tag(
        "div",
        tag(
            "table",
            tag(
                "thead",
                tag("tr", (tag("th", words, scope="col") for words in _HEADS)),
            ),
            tag("tbody", (_row(box, now) for box in boxes)),
        ),
        class_="fleet",
    )


_HEADS = (
    "裝置名稱／SHEET",
    "狀態",
    "待傳",
    "最後連絡／上傳",
    "連線（24 時）／SIM",
    "到期：模組／憑證",
    "類型／OS／版本",
    "綁定／啟用／PIN",
    "手機備註",
)


def _row(box: FleetBox, now: dt.datetime) -> Element:
    device, health = box.device, box.report.health if box.report else None
    cells = (
        _lines(
            tag("a", device.name, href=f"/boxes/{device.device_id}"),
            tag("span", device.sheet_id or NOTHING, class_="code"),
        ),
        [alarm_list(box.alarms)] if box.alarms else ["正常" if health else NOTHING],
        _queue(health, now),
        _lines(moment(device.last_contact_at), moment(device.last_upload_at)),
        _link(health),
        _lines(day(device.sam.valid_until), day(box.certificate_until)),
        _lines(
            device.kind or NOTHING,
            device.os_version or NOTHING,
            tag("span", device.software_version or NOTHING, class_="code"),
        ),
        _lines(day(device.bound_at), "Y 啟用" if device.enabled else "N 停用", PINS[box.pin]),
        [device.note or NOTHING],
    )
    return tag(
        "tr",
        (tag("td", tag("div", cell), data_label=head) for head, cell in zip(_HEADS, cells, strict=True)),
        class_=_LEVELS[box.level],
    )


def alarm_list(alarms: Iterable[Alarm]) -> Element:
    return tag(
        "ul",
        (tag("li", alarm.words, class_=_LEVELS[alarm.level]) for alarm in alarms),
        class_="alarms",
    )


def _queue(health: BoxHealth | None, now: dt.datetime) -> list[Node]:
    if health is None:
        return [NOTHING]
    queue = health.queue
    oldest = f"最久 {span(now - queue.oldest_at)}" if queue.oldest_at is not None else ""
    needs = f"{queue.needs_person} 件需處理" if queue.needs_person else ""
    return _lines(f"{queue.unsent} 待傳", *filter(None, (oldest, needs)))


def _link(health: BoxHealth | None) -> list[Node]:
    if health is None:
        return [NOTHING]
    used = health.data_used
    sim = NOTHING if used is None else f"{used.month} {volume(used.received_bytes + used.sent_bytes)}"
    return _lines(link_day(health.link.hours), sim)


def link_day(hours: Sequence[LinkHour]) -> Element:
    """A bar of hours; what it shows is also said in words."""
    down = sum(hour.down_min for hour in hours)
    words = f"中斷 {down} 分" if down else "無中斷" if hours else "無紀錄"
    bars = (tag("span", class_=f"hour {_worst(hour)}", title=_hour_words(hour)) for hour in hours)
    return tag("span", tag("span", bars, class_="hours", aria_hidden="true"), words, class_="link-day")


def _worst(hour: LinkHour) -> str:
    return "down" if hour.down_min else "unstable" if hour.unstable_min else "good"


def _hour_words(hour: LinkHour) -> str:
    parts = (("good", hour.good_min), ("unstable", hour.unstable_min), ("down", hour.down_min))
    told = "、".join(f"{LINKS[state]} {minutes} 分" for state, minutes in parts if minutes)
    return f"{moment(hour.at)} 起：{told}"


def _lines(*lines: Node) -> list[Node]:
    return [tag("div", line) for line in lines]


def _filters(query: FleetQuery) -> Element:
    enabled = {None: "", True: "Y", False: "N"}[query.enabled]
    fields = (
        _text("sheet", "裝置 SHEET", query.sheet),
        _text("name", "裝置名稱", query.name),
        _text("kind", "裝置類型", query.kind),
        _text("os", "裝置 OS 版本", query.os),
        _date("bound_from", "綁定日期（起）", query.bound_from),
        _choice("enabled", "是否啟用", enabled, (("", "全部"), ("Y", "Y 啟用"), ("N", "N 停用"))),
        _date("uploaded_from", "最後上傳日（起）", query.uploaded_from),
        _choice(
            "pin",
            "裝置 PIN 碼",
            query.pin.value if query.pin else "",
            (("", "全部"), *((state.value, PINS[state]) for state in TicketState)),
        ),
        _text("note", "手機備註", query.note),
    )
    only = tag(
        "label",
        tag("input", type="checkbox", name="alarmed", value="1", checked=query.alarmed),
        "只看須處理或注意的",
        class_="only",
    )
    buttons = tag(
        "div", tag("button", "查詢", type="submit"), tag("a", "清除條件", href="/"), class_="buttons"
    )
    return tag(
        "details",
        tag("summary", "查詢條件"),
        tag("form", fields, only, buttons, method="get", action="/", class_="filters"),
        open=query != FleetQuery(),
    )


def _text(name: str, words: str, value: str) -> Element:
    return tag("label", words, tag("input", type="search", name=name, value=value, maxlength="80"))


def _date(name: str, words: str, value: dt.date | None) -> Element:
    return tag("label", words, tag("input", type="date", name=name, value=value.isoformat() if value else ""))


def _choice(name: str, words: str, value: str, options: Sequence[tuple[str, str]]) -> Element:
    return tag(
        "label",
        words,
        tag(
            "select",
            (tag("option", text, value=key, selected=key == value) for key, text in options),
            name=name,
        ),
    )
