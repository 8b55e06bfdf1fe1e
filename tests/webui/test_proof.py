"""Asked once more for card or code, and then it goes on by itself with what was typed (ASVS V7.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.webui import samples
from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Phone
from tests.webui.test_roots import FIRST, PEM, SECOND, root

PHRASE = "一二三四五六七八九十甲乙"


class Asking:
    """Refuses a call until somebody has shown card or code; then answers it, and ``then`` is what the box answers else."""

    def __init__(
        self,
        box: FakeBox,
        call: str,
        answer: Any,
        *,
        way: str = "POST /api/phone/unlock",
        shown: Any = None,
        then: dict[str, Any] | None = None,
    ) -> None:
        self.proven = False
        self._box = box
        self._answer = answer
        self._shown = shown or {}
        self._then = then or {}
        box.answers[call] = self._act
        box.answers[way] = self._prove

    def _act(self, _: Any) -> Any:
        if not self.proven:
            raise Refusal(403, "GW-ACC-16")
        self._box.answers |= self._then
        return self._answer

    def _prove(self, _: Any) -> Any:
        self.proven = True
        return self._shown


def give_code(phone: Phone) -> None:
    phone.page.fill("#unlock-code", "739182")
    phone.page.click("#unlock")


def give_card(phone: Phone) -> None:
    phone.page.click(".proof summary")
    phone.page.fill("#pin", "123456")
    phone.page.click("#sign-in")


def ask_others(phone: Phone) -> None:
    phone.page.click(".proof summary")
    phone.page.click("#ask")
    phone.page.fill("#other-code", "271828")
    phone.page.click("#other-code-send")


WAYS = {
    "its code": ("POST /api/phone/unlock", {}, give_code),
    "a card": ("POST /api/staff/sessions", samples.staff_session(), give_card),
    "another phone": ("POST /api/phone/open", {}, ask_others),
}


@pytest.mark.parametrize(("way", "shown", "give"), WAYS.values(), ids=WAYS)
def test_each_way_of_showing_who_it_is_goes_on_with_what_was_asked(
    box: FakeBox, phone: Phone, way: str, shown: Any, give: Callable[[Phone], None]
) -> None:
    link = box.answers["POST /api/pairing-links"]
    Asking(box, "POST /api/pairing-links", link, way=way, shown=shown)
    box.topics.update(cards=samples.two_readers(samples.card("hpc"), samples.card()))
    phone.open(f"{box.url}/#/settings/phones")
    phone.page.click("#add-phone")
    expect(phone.page.locator(".proof")).to_be_visible()

    give(phone)

    expect(phone.page.locator(".qr-screen img")).to_be_visible()
    expect(phone.page.locator(".proof")).to_have_count(0)


def test_a_pass_phrase_has_not_to_be_typed_twice(box: FakeBox, phone: Phone) -> None:
    answer = {"starts_locked": True, "cards": False}
    Asking(box, "PUT /api/lock/phrase", answer)
    box.answers["GET /api/lock/settings"] = {"starts_locked": False, "cards": False}
    phone.open(f"{box.url}/#/settings/protection")
    phone.page.fill("#new-phrase", PHRASE)
    phone.page.fill("#new-phrase-again", PHRASE)
    phone.page.click("#set-phrase")
    give_code(phone)

    expect(phone.page.get_by_role("status")).to_contain_text("已設定")
    assert box.calls("PUT /api/lock/phrase") == [{"phrase": PHRASE, "former": ""}] * 2
    expect(phone.page.locator("#new-phrase")).to_have_value("")


def test_erasing_the_box_goes_on_with_what_was_asked(box: FakeBox, phone: Phone) -> None:
    def prove(_: Any) -> Any:
        box.answers["POST /api/box/reset"] = {}
        return {}

    def reset(body: Any) -> Any:
        raise (
            Refusal(403, "GW-ACC-16")
            if body["even_with_unsent"]
            else Refusal(409, "GW-STO-09", items=2, drafts=0)
        )

    box.answers |= {"POST /api/box/reset": reset, "POST /api/phone/unlock": prove}
    box.answers["GET /api/lock/settings"] = {"starts_locked": False, "cards": False}
    phone.open(f"{box.url}/#/settings/protection")
    phone.page.click("#reset summary")
    name = box.topics["box"]["box_name"]
    phone.page.fill("#reset-name", name)
    phone.page.click("#reset-box")
    phone.page.click("#reset-even")
    give_code(phone)

    expect(phone.page.get_by_text("盒子正在清除資料")).to_be_visible()
    asked = [False, True, True]
    assert box.calls("POST /api/box/reset") == [{"name": name, "even_with_unsent": even} for even in asked]


def test_Y11_a_root_is_added_once_it_is_known_who_asks(box: FakeBox, phone: Phone) -> None:
    both = {"roots": [root(FIRST, "binding"), root(SECOND, "technician")]}
    box.answers["GET /api/box/roots"] = {"roots": [root(FIRST, "binding")]}
    Asking(box, "POST /api/box/roots", both, then={"GET /api/box/roots": both})
    phone.open(f"{box.url}/#/settings/roots")
    phone.page.fill("#root-pem", PEM)
    phone.page.click("#add-root")
    give_code(phone)

    expect(phone.page.locator(f"[data-root='{SECOND}']")).to_contain_text("技術人員加入")
    assert box.calls("POST /api/box/roots") == [{"pem": PEM}] * 2


def test_Y11_a_root_is_removed_once_it_is_known_who_asks(box: FakeBox, phone: Phone) -> None:
    box.answers["GET /api/box/roots"] = {"roots": [root(FIRST, "binding"), root(SECOND, "technician")]}
    call = f"DELETE /api/box/roots/{FIRST}"
    left = {"roots": [root(SECOND, "technician")]}
    Asking(box, call, left, then={"GET /api/box/roots": left})
    phone.open(f"{box.url}/#/settings/roots")
    first = phone.page.locator(f"[data-root='{FIRST}']")
    first.get_by_role("button", name="移除").click()
    first.get_by_role("button", name="移除").click()
    give_code(phone)

    expect(first).to_have_count(0)
    assert len(box.calls(call)) == 2


def test_another_refusal_keeps_nothing_that_was_typed(box: FakeBox, phone: Phone) -> None:
    def refuse(_: Any) -> Any:
        raise Refusal(422, "GW-REQ-01")

    box.answers["PUT /api/lock/phrase"] = refuse
    box.answers["GET /api/lock/settings"] = {"starts_locked": False, "cards": False}
    phone.open(f"{box.url}/#/settings/protection")
    phone.page.fill("#new-phrase", PHRASE)
    phone.page.fill("#new-phrase-again", PHRASE)
    phone.page.click("#set-phrase")

    expect(phone.page.get_by_role("alert")).to_contain_text("GW-REQ-01")
    expect(phone.page.locator("#new-phrase")).to_have_value("")


def test_a_phone_is_not_asked_to_confirm_itself(box: FakeBox, phone: Phone) -> None:
    own = samples.question(purpose="confirm", phone_id="p1", name="林護理師 iPhone")
    box.topics.update(presence={"questions": [own]})
    phone.open(f"{box.url}/#/visits")
    expect(phone.page.locator(".bottom-bar")).to_be_visible()
    expect(phone.page.locator(".asks")).to_have_count(0)

    box.put("presence", {"questions": [own, samples.question()]})

    expect(phone.page.locator(".ask")).to_have_count(1)
    expect(phone.page.get_by_text("「陳醫師 Pixel」要配對這個盒子")).to_be_visible()
