"""One box: its record (B08), what is the matter, its note, and 裝置使用記錄."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from visitbridge.protocols.health import BoxHealth, ReaderHealth
from vpnportal.devices import NOTE_LENGTH
from vpnportal.fleet import FleetBox
from vpnportal.health_reports import Report
from vpnportal.office.ending import ACT_WORDS
from vpnportal.office.fleet_page import alarm_list, link_day
from vpnportal.office.markup import Node, tag
from vpnportal.office.wording import LINKS, NOTHING, PINS, day, moment, volume
from vpnportal.operators import Act

MOST_REPORTS = 96
MOST_ACTS = 50

_ACTS = {"note": "修改備註", **ACT_WORDS}


def box_body(box: FleetBox, reports: Sequence[Report], acts: Sequence[Act]) -> Iterator[Node]:
    device = box.device
    yield tag("p", tag("a", "← 裝置使用狀況", href="/"))
    yield tag("h1", device.name)
    yield alarm_list(box.alarms) if box.alarms else tag("p", "沒有須處理的事項。", class_="empty")
    yield tag("h2", "裝置資料")
    yield _facts(
        ("機構", f"{device.institution.name}（{device.institution.code}）"),
        ("裝置 SHEET", device.sheet_id or NOTHING),
        ("盒子上的名稱", device.told_name or NOTHING),
        ("裝置類型", device.kind or NOTHING),
        ("OS 版本", device.os_version or NOTHING),
        ("建立日期", day(device.created_at)),
        ("綁定日期", day(device.bound_at)),
        ("是否啟用", "Y 啟用" if device.enabled else "N 停用"),
        ("裝置 PIN 碼", PINS[box.pin]),
        ("最後上傳", moment(device.last_upload_at)),
        ("最後連絡", moment(device.last_contact_at)),
        ("安全模組", f"{device.sam.sam_id}，{day(device.sam.valid_from)} 至 {day(device.sam.valid_until)}"),
        ("裝置憑證到期", day(box.certificate_until)),
        ("資料組別", device.dataset_group),
    )
    yield _note_form(device.device_id, device.note)
    yield tag("p", tag("a", "停用與清除", href=f"/boxes/{device.device_id}/ending", class_="way"))
    if box.report is not None:
        yield tag("h2", f"最近一次回報　{moment(box.report.at)}")
        yield _health(box.report.health)
    yield tag("h2", "裝置使用記錄")
    yield _history(reports) if reports else tag("p", "尚無回報。", class_="empty")
    if acts:
        yield tag("h2", "管理紀錄")
        yield tag(
            "ul",
            (
                tag("li", f"{moment(act.at)}　{act.who}　{_ACTS.get(act.act, act.act)}　{act.detail}")
                for act in acts
            ),
        )


def _note_form(device_id: str, note: str) -> Element:
    return tag(
        "form",
        tag("label", "手機備註", tag("input", name="note", value=note, maxlength=str(NOTE_LENGTH))),
        tag("div", tag("button", "儲存備註", type="submit"), class_="buttons"),
        method="post",
        action=f"/boxes/{device_id}/note",
        class_="filters",
    )


def _health(health: BoxHealth) -> Element:
    power, disk, used = health.power, health.disk, health.data_used
    supply = {True: "電壓不足", False: "電壓正常", None: "無法測得電壓"}[power.under_voltage]
    battery = "" if power.battery_percent is None else f"，電量 {power.battery_percent}%"
    return _facts(
        ("待傳", f"{health.queue.unsent} 件，{health.queue.needs_person} 件需處理"),
        ("最久一件自", moment(health.queue.oldest_at)),
        ("可更新", "是，沒有待傳" if health.queue.drained else "否，還有待傳"),
        ("健保VPN", f"{LINKS.get(health.link.state, health.link.state)}，自 {moment(health.link.since)}"),
        ("近 24 時連線", link_day(health.link.hours)),
        (
            "SIM 用量",
            NOTHING if used is None else f"{used.month}：{volume(used.received_bytes + used.sent_bytes)}",
        ),
        ("電力", supply + battery),
        (
            "儲存空間",
            f"剩 {volume(disk.free_bytes)}／{volume(disk.total_bytes)}{'' if disk.writable else '，無法寫入'}",
        ),
        ("時間", "未校正" if health.clock == "untrusted" else "已校正"),
        ("手機所見憑證到期", day(health.expiry.page_certificate_at)),
        ("讀卡機", "、".join(map(_reader, health.readers)) or NOTHING),
        ("程式版本", f"{health.versions.program}（資料庫 {health.versions.schema}）"),
        (
            "資料組版本",
            "、".join(f"{each.name} {each.version}" for each in health.versions.datasets) or NOTHING,
        ),
        ("程式啟動", moment(health.up_since)),
    )


def _reader(reader: ReaderHealth) -> str:
    battery = "" if reader.battery_percent is None else f" {reader.battery_percent}%"
    low = " 電量低" if reader.battery_low else ""
    silent = " 沒有回應" if reader.state == "unavailable" else ""
    return f"{reader.transport.upper()}{battery}{low}{silent}"


def _history(reports: Sequence[Report]) -> Element:
    heads = ("時間", "待傳", "需處理", "健保VPN", "電力", "程式")
    return tag(
        "div",
        tag(
            "table",
            tag("thead", tag("tr", (tag("th", head, scope="col") for head in heads))),
            tag("tbody", (_history_row(report, heads) for report in reports)),
        ),
        class_="history",
    )


def _history_row(report: Report, heads: Sequence[str]) -> Element:
    health = report.health
    battery = health.power.battery_percent
    cells = (
        moment(report.at),
        str(health.queue.unsent),
        str(health.queue.needs_person),
        LINKS.get(health.link.state, health.link.state),
        "電壓不足" if health.power.under_voltage else NOTHING if battery is None else f"{battery}%",
        health.versions.program,
    )
    return tag("tr", (tag("td", cell, data_label=head) for head, cell in zip(heads, cells, strict=True)))


def _facts(*facts: tuple[str, Node]) -> Element:
    return tag("dl", (tag("div", tag("dt", name), tag("dd", value)) for name, value in facts))
