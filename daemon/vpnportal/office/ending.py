"""停用與清除: what ends the work of a box, each step looked at before it is taken, and written down (B11, Y09).

Erasing takes two steps and a number: the box is asked what would be lost, and a person types that very number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from xml.etree.ElementTree import Element

from sqlalchemy import Connection

from visitbridge.errors import FieldInvalid
from vpnportal.devices import Device, set_enabled
from vpnportal.erase_orders import (
    EraseCase,
    cancel_erasure,
    confirm_erasure,
    last_case,
    order_erasure,
    standing_case,
)
from vpnportal.office.markup import Node, tag
from vpnportal.office.wording import NOTHING, moment
from vpnportal.operators import Operator, note_act

ACT_WORDS: Final = {
    "disable": "停用",
    "enable": "恢復啟用",
    "erase": "要求清除",
    "erase-confirm": "確認清除",
    "erase-withdraw": "撤回清除",
}

_WRONG: Final = {
    "name": "裝置名稱不符，或盒子還沒綁定、還沒回報。沒有任何變更。",
    "unsent": "件數和盒子回報的不同。沒有任何變更，請看清楚最新的件數再確認。",
}

Form = Mapping[str, str]


def act(
    connection: Connection, operator: Operator, device: Device, name: str, form: Form, now: dt.datetime
) -> None:
    """Take the step ``name`` (of :data:`ACT_WORDS`) and write it down. Raises FieldInvalid (``name``, ``unsent``)."""
    detail = _ACTS[name](connection, device, form, now)
    note_act(connection, operator, name, now, device_id=device.device_id, detail=detail)


def wrong_words(error: FieldInvalid) -> str:
    return _WRONG.get(error.field or "", "內容不符。沒有任何變更。")


def ending_body(connection: Connection, device: Device, trouble: str = "") -> Iterator[Node]:
    """``trouble``: why the last step was not taken."""
    case = last_case(connection, device.device_id)
    yield tag("p", tag("a", f"← {device.name}", href=f"/boxes/{device.device_id}"))
    yield tag("h1", "停用與清除")
    if trouble:
        yield tag("p", trouble, role="alert", class_="trouble")
    yield tag("h2", "停用")
    yield from _disabling(device)
    yield tag("h2", "清除")
    yield from _erasing(device, case)


def _disabling(device: Device) -> Iterator[Element]:
    if device.enabled:
        yield tag("p", "停用後盒子不能開始新的訪視；已記錄的仍會繼續上傳，也能匯出交接檔。隨時可以恢復。")
        yield _form(device, "disable", "停用這個盒子")
    else:
        yield tag("p", "這個盒子已停用。恢復啟用也會撤回還沒執行的清除。")
        yield _form(device, "enable", "恢復啟用")


def _erasing(device: Device, case: EraseCase | None) -> Iterator[Element]:
    if case is None or case.sheet_id != device.sheet_id:
        yield tag(
            "p",
            "盒子遺失或除役時使用。先停用並詢問盒子還有幾件沒有送出；它回報之後，再由你確認清除。清除後無法復原。",
        )
        if device.bound_at is None:
            yield tag("p", "這個裝置還沒綁定過，沒有資料可以清除。", class_="empty")
        else:
            yield _form(device, "erase", "停用並要求清除", _field("name", f"輸入裝置名稱「{device.name}」"))
        return
    yield tag(
        "dl",
        _fact("要求", moment(case.ordered_at)),
        _fact("盒子回報", moment(case.reported_at)),
        _fact("未送出", NOTHING if case.unsent is None else f"{case.unsent} 件"),
        _fact("最早的一件", moment(case.oldest_at)),
        _fact("確認", moment(case.confirmed_at)),
        _fact("已清除", moment(case.erased_at)),
    )
    yield tag("p", _STATES[case.state])
    if case.state == "reported":
        label = f"輸入會失去的件數「{case.unsent}」"
        yield _form(device, "erase-confirm", "永久清除", _field("unsent", label, inputmode="numeric"))
    if case.state in {"ordered", "reported", "confirmed"}:
        yield _form(device, "erase-withdraw", "撤回清除")


_STATES: Final = {
    "ordered": "等盒子下次連線時回報還有幾件沒有送出。在那之前什麼都不會清除。",
    "reported": "盒子已回報。確認後它在下次連線時清除金鑰與所有資料，無法復原。",
    "confirmed": "已確認，等盒子下次連線時清除。盒子若又多了未送出的資料，這個確認會失效。",
    "erased": "盒子已回報清除，憑證也已撤銷。",
}


_LOOKS: Final = {"disable": "quiet", "erase-withdraw": "quiet", "erase": "danger", "erase-confirm": "danger"}


def _form(device: Device, name: str, words: str, *fields: Element) -> Element:
    button = tag("button", words, type="submit", class_=_LOOKS.get(name))
    return tag(
        "form",
        fields,
        tag("div", button, class_="buttons"),
        method="post",
        action=f"/boxes/{device.device_id}/ending/{name}",
        class_="filters",
    )


def _field(name: str, label: str, **attributes: str) -> Element:
    return tag("label", label, tag("input", name=name, autocomplete="off", required=True, **attributes))


def _fact(name: str, value: str) -> Element:
    return tag("div", tag("dt", name), tag("dd", value))


def _disable(connection: Connection, device: Device, _: Form, __: dt.datetime) -> str:
    if device.enabled:
        set_enabled(connection, device.device_id, enabled=False)
    return ""


def _enable(connection: Connection, device: Device, _: Form, now: dt.datetime) -> str:
    cancel_erasure(connection, device.device_id, now)
    set_enabled(connection, device.device_id, enabled=True)
    return ""


def _order(connection: Connection, device: Device, form: Form, now: dt.datetime) -> str:
    if form.get("name", "").strip() != device.name:
        raise FieldInvalid("not the name of this device", field="name")
    order_erasure(connection, device, now)
    return ""


def _confirm(connection: Connection, device: Device, form: Form, now: dt.datetime) -> str:
    typed = form.get("unsent", "").strip()
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 6):
        raise FieldInvalid("not a number of items", field="unsent")
    confirm_erasure(connection, device, unsent=int(typed), now=now)
    return f"{int(typed)} 件"


def _withdraw(connection: Connection, device: Device, _: Form, now: dt.datetime) -> str:
    if standing_case(connection, device.device_id) is not None:
        cancel_erasure(connection, device.device_id, now)
        set_enabled(connection, device.device_id, enabled=False)
    return ""


_ACTS: Final[Mapping[str, Callable[[Connection, Device, Form, dt.datetime], str]]] = {
    "disable": _disable,
    "enable": _enable,
    "erase": _order,
    "erase-confirm": _confirm,
    "erase-withdraw": _withdraw,
}
