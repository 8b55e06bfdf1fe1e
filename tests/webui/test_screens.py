"""Every screen and every state of strip and flags: readable, reachable by thumb, in words, looking as its baseline."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import qrcode
from playwright.sync_api import Page, expect

from tests.webui import (
    announcement_samples,
    baselines,
    record_samples,
    samples,
    site_samples,
    test_bluetooth,
    test_closed,
    test_environment,
    test_lacks,
    test_power,
    test_rights,
    test_roots,
    test_support,
    test_versions,
    training_samples,
)
from tests.webui.fake_box import WEBUI, Refusal
from tests.webui.phone import Look
from tests.webui.sheet import CHAPTERS
from tests.webui.studio import Studio, opened

VISIT = f"/visits/{samples.VISIT_ID}"
_KEY = re.compile(r"(?<![@.])\b[a-z]+(?:_[a-z]+)*\.[a-z_]+(?:\.[a-z_]+)*\b")


def nothing(page: Page) -> None:
    """The screen as it opens."""


@dataclass(frozen=True)
class Screen:
    """``answers`` and ``topics`` replace the sample's; ``act`` brings the screen into its state. ``whole``: there are no
    topics but these. ``closed``: the status that a locked or erased box answers with.
    ``silent``: the box is lost once the screen is there.
    """

    name: str
    path: str
    topics: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    act: Callable[[Page], object] = nothing
    paired: bool = True
    whole: bool = False
    closed: int = 0
    silent: bool = False

    def bring_about(self, studio: Studio) -> None:
        """Act, then lose the box if this is the screen of a phone that has."""
        self.act(studio.phone.page)
        if self.silent:
            studio.box.go_silent()
            expect(studio.phone.page.locator(".banner.lost")).to_be_visible()

    def before(self, topics: dict[str, Any]) -> dict[str, Any]:
        """What of the sample's topics this screen goes on from."""
        return {} if self.whole else topics


def refuse(status: int, code: str, **params: Any) -> Callable[[Any], Any]:
    def answer(_: Any) -> Any:
        raise Refusal(status, code, **params)

    return answer


def search(text: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.fill("#search", text)
        expect(page.locator(".hit").first).to_be_visible()

    return act


def pair(page: Page) -> None:
    page.fill("#phone-name", "林護理師")
    page.click("#pair")
    expect(page.get_by_role("alert")).to_be_visible()


def own_question(page: Page) -> None:
    page.fill("#phone-name", "林護理師 iPhone")
    page.fill("#own-code", "271828")
    page.click("#pair")
    expect(page.locator("#pair-code")).to_be_visible()


def begin_tour(page: Page) -> None:
    page.click("#tour-next")
    expect(page.locator(".tour-part")).to_have_count(1)


def enter_training(page: Page) -> None:
    page.click("#training-enter")
    expect(page.get_by_role("alert")).to_be_visible()


CLEAN: dict[str, object] = {"findings": [], "unfit": []}
EXPORT: dict[str, object] = {
    f"GET /api{VISIT}": samples.finished(),
    f"GET /api{VISIT}/check": {
        "findings": [{"code": "AA", "field": "A79", "words": "第 1 筆醫令的處方簽章（A79）：必須填寫"}],
        "unfit": [
            {
                "field": "patient.name",
                "position": 3,
                "character": "𠮷",
                "name": "U+20BB7 CJK UNIFIED IDEOGRAPH-20BB7",
            },
            {
                "field": "content.objective",
                "position": 1,
                "character": "𠮷",
                "name": "U+20BB7 CJK UNIFIED IDEOGRAPH-20BB7",
            },
        ],
    },
    f"POST /api{VISIT}/export": {"name": "visit-000001.json", "content": "W10="},
    f"POST /api{VISIT}/prescription/paper": {
        "name": "prescription-000001-2.pdf",
        "content": "JVBERi0=",
        "print_no": 2,
    },
}


def make_export(page: Page) -> None:
    page.get_by_role("textbox").fill("吉")
    page.click("#export-scheme")
    expect(page.locator("#export-file")).to_be_visible()


def photograph_card(page: Page) -> None:
    png = io.BytesIO()
    qrcode.make("9f3b7c0d5e21a84466aa").save(png)
    page.set_input_files(
        "#card-qr-photo", {"name": "code.png", "mimeType": "image/png", "buffer": png.getvalue()}
    )
    expect(page.locator(".notice.warn")).to_be_visible()


def print_paper(page: Page) -> None:
    page.click("#paper-make")
    expect(page.locator("#paper-open")).to_be_visible()


def by_card(page: Page) -> None:
    own_question(page)
    page.click("#other-way")
    expect(page.locator("#pin")).to_be_visible()


def allow(page: Page) -> None:
    page.click("#allow")
    expect(page.locator(".shown-code")).to_have_text("271 828")


def ask_proof(page: Page) -> None:
    page.click("#allow")
    expect(page.locator(".proof")).to_be_visible()


def add_phone(page: Page) -> None:
    page.click("#add-phone")
    expect(page.locator(".proof")).to_be_visible()


def ask_others(page: Page) -> None:
    page.click("#ask")
    expect(page.locator("#other-code")).to_be_visible()


def unlock_wrongly(page: Page) -> None:
    page.fill("#unlock-code", "000001")
    page.click("#unlock")
    expect(page.get_by_role("alert")).to_be_visible()


def bind(page: Page) -> None:
    page.click("summary")
    page.fill("#ticket", "VBBIND1:x")
    page.fill("#bind-pin", "0219")
    page.click("#bind")
    expect(page.get_by_role("alert")).to_be_visible()


def open_folds(page: Page) -> None:
    for fold in page.locator("details.fold > summary").all():
        fold.click()


def type_total(page: Page) -> None:
    page.fill("#total", "18")


def sign_in(page: Page) -> None:
    page.fill("#pin", "123456")
    page.click("#sign-in")
    expect(page.get_by_role("alert")).to_be_visible()


def click(selector: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.click(selector)

    return act


def type_complaint(page: Page) -> None:
    page.fill("#subjective", "咳嗽、喉嚨痛")
    expect(page.locator("[data-save=saved], [data-save=conflict], [data-save=refused]")).to_be_visible()


def sign(page: Page) -> None:
    field = page.locator("#sign-here")
    box = field.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 90, steps=8)
    page.mouse.up()


EMPTY = samples.two_readers(samples.card(), samples.card())
HPC_ONLY = samples.two_readers(samples.card("hpc"), samples.card())
NOBODY: dict[str, Any] = {"sessions": []}
NEW_BOX = samples.box(bound=False, institution=None, sam_id="", sam_valid_until=None, sam_verified_at=None)
OFFLINE = {"link": samples.link("down", "host")}
RESULT = f"{VISIT}/result"
VISIT_PAGE = f"/#{VISIT}"

SCREENS = [
    Screen("pair", "/p#0123456789abcdef", paired=False),
    Screen(
        "pair-refused",
        "/p#0123456789abcdef",
        paired=False,
        answers={"POST /api/pair": refuse(403, "GW-ACC-07")},
        act=pair,
    ),
    Screen("not-paired", "/", paired=False),
    Screen("pair-code", "/p#0123456789abcdef", paired=False, act=own_question),
    Screen("pair-card", "/p#0123456789abcdef", paired=False, act=by_card),
    Screen("asked", "/#/visits", topics={"presence": {"questions": [samples.question()]}}),
    Screen("asked-allowed", "/#/visits", topics={"presence": {"questions": [samples.question()]}}, act=allow),
    Screen(
        "asked-to-confirm",
        "/#/visits",
        topics={"presence": {"questions": [samples.question(purpose="confirm", role="owner")]}},
    ),
    Screen(
        "asked-proof",
        "/#/visits",
        topics={"presence": {"questions": [samples.question()]}, "phone": samples.phone_topic(has_code=True)},
        answers={"POST /api/presence/q1/allow": refuse(403, "GW-ACC-16")},
        act=ask_proof,
    ),
    Screen(
        "phones-proof",
        "/#/settings/phones",
        topics={"phone": samples.phone_topic(has_code=True), "cards": HPC_ONLY},
        answers={"POST /api/pairing-links": refuse(403, "GW-ACC-16")},
        act=add_phone,
    ),
    Screen(
        "phones-proof-offline",
        "/#/settings/phones",
        topics={"phone": samples.phone_topic(has_code=False), **OFFLINE},
        answers={"POST /api/pairing-links": refuse(403, "GW-ACC-16")},
        act=add_phone,
    ),
    Screen(
        "asked-to-open",
        "/",
        topics={"presence": {"questions": [samples.question(purpose="open", role="technician")]}},
    ),
    Screen("locked", f"/#{VISIT}", topics=samples.locked(), whole=True),
    Screen(
        "locked-wrong-code",
        "/",
        topics=samples.locked(),
        whole=True,
        answers={"POST /api/phone/unlock": refuse(403, "GW-ACC-12", tries_left=4)},
        act=unlock_wrongly,
    ),
    Screen(
        "locked-no-code-offline",
        "/",
        topics=samples.locked(
            phone=samples.phone_topic(state="locked", session_id="", has_code=False),
            link=samples.link("down", "host"),
        ),
        whole=True,
        act=ask_others,
    ),
    Screen("over", "/", topics=samples.locked("over"), whole=True),
    Screen(
        "home-reduced",
        "/",
        topics={"staff": {"sessions": []}, "phone": samples.phone_topic(session_id="", reduced=True)},
    ),
    Screen(
        "start-nobody",
        "/#/start",
        topics={
            "staff": {"sessions": []},
            "phone": samples.phone_topic(session_id=""),
            "cards": samples.two_readers(samples.card(), samples.card("nhi")),
        },
        answers={"GET /api/visits": refuse(403, "GW-ACC-02")},
    ),
    Screen(
        "signed-in-two",
        "/#/sign-in",
        topics={
            "staff": {
                "sessions": [
                    samples.staff_session(),
                    samples.staff_session(session_id="s2", name="林樣本", kind="nurse"),
                ]
            }
        },
    ),
    Screen(
        "setup-new",
        "/#/setup",
        topics={"box": NEW_BOX, "link": samples.link("down", "not_bound"), "cards": EMPTY, "staff": NOBODY},
        answers={"GET /api/datasets": [], "GET /api/site-steps": site_samples.NEW},
    ),
    Screen(
        "setup-sam",
        "/#/setup",
        topics={"box": samples.box(sam_verified_at=None), "cards": EMPTY, "staff": NOBODY},
        answers={"GET /api/datasets": []},
    ),
    Screen("setup-ready", "/#/setup"),
    Screen("rights", "/#/rights", answers={"GET /api/rights": test_rights.CODES}),
    Screen(
        "rights-nobody",
        "/#/rights",
        topics={"staff": NOBODY, "phone": samples.phone_topic(session_id="")},
        answers={"GET /api/rights": [{**code, "held": False} for code in test_rights.CODES]},
    ),
    Screen(
        "home-no-code",
        "/",
        topics={"staff": test_rights.with_rights("QPC", name="藥師樣本", kind="pharmacist")},
        answers={"GET /api/visits": refuse(403, "GW-ACC-04")},
    ),
    Screen(
        "records-locked",
        f"/#{VISIT}/records",
        topics={"staff": NOBODY, "phone": samples.phone_topic(session_id="", reduced=True)},
        answers={
            f"GET /api{VISIT}/records": refuse(403, "GW-ACC-03"),
            f"GET /api{VISIT}/leftover": refuse(403, "GW-ACC-03"),
        },
    ),
    Screen("site-new", "/#/setup/site", answers={"GET /api/site-steps": site_samples.NEW}),
    Screen("site-part", "/#/setup/site", answers={"GET /api/site-steps": site_samples.PART}),
    Screen(
        "site-user",
        "/#/setup/site",
        topics={"phone": samples.phone_topic(role="user")},
        answers={"GET /api/site-steps": site_samples.PART},
    ),
    Screen("site-advice", "/#/setup/site", act=open_folds),
    Screen("bind", "/#/setup/bind", topics={"box": NEW_BOX}),
    Screen(
        "bind-refused",
        "/#/setup/bind",
        topics={"box": NEW_BOX},
        answers={"POST /api/box/binding": refuse(403, "GW-DC-09", tries_left=3)},
        act=bind,
    ),
    Screen(
        "bind-elsewhere",
        "/#/setup/bind",
        answers={"POST /api/box/binding": refuse(409, "GW-DC-11")},
        act=bind,
    ),
    Screen("sign-in-no-card", "/#/sign-in", topics={"cards": EMPTY, "staff": NOBODY}),
    Screen("sign-in", "/#/sign-in", topics={"cards": HPC_ONLY, "staff": NOBODY}),
    Screen(
        "sign-in-two-cards",
        "/#/sign-in",
        topics={"cards": samples.two_readers(samples.card("hpc"), samples.card("hpc")), "staff": NOBODY},
    ),
    Screen(
        "sign-in-other",
        "/#/sign-in",
        topics={"cards": HPC_ONLY, "staff": {"sessions": [samples.staff_session(phone_ids=["p9"])]}},
    ),
    Screen(
        "sign-in-wrong",
        "/#/sign-in",
        topics={"cards": HPC_ONLY, "staff": NOBODY},
        answers={"POST /api/staff/sessions": refuse(409, "GW-CRD-06", tries_left=2)},
        act=sign_in,
    ),
    Screen(
        "sign-in-blocked",
        "/#/sign-in",
        topics={"cards": HPC_ONLY, "staff": NOBODY},
        answers={"POST /api/staff/sessions": refuse(409, "GW-CRD-07")},
        act=sign_in,
    ),
    Screen("signed-in", "/#/sign-in"),
    Screen("home", "/"),
    Screen(
        "home-new",
        "/",
        topics={
            "box": NEW_BOX,
            "link": samples.link("down", "not_bound"),
            "cards": EMPTY,
            "staff": NOBODY,
            "power": {"battery_percent": None, "under_voltage": None},
        },
        answers={"GET /api/visits": []},
    ),
    Screen("home-no-cards", "/", topics={"cards": EMPTY, "staff": NOBODY}, answers={"GET /api/visits": []}),
    Screen(
        "home-odd-card",
        "/",
        topics={
            "cards": samples.two_readers(samples.card("unknown", error_code="GW-CRD-04"), samples.card()),
            "queue": samples.queue(3, oldest_age="amber"),
        },
        answers={"GET /api/visits": []},
    ),
    Screen(
        "home-worst-strip",
        "/",
        topics={
            **OFFLINE,
            "queue": samples.queue(12, oldest_age="red", attention=1),
            "staff": {"sessions": [samples.staff_session(ends_at=samples.ahead(minutes=12))]},
            "power": {"battery_percent": 9, "under_voltage": True},
            "time": {"trust": "untrusted"},
        },
    ),
    Screen("status-good", "/#/status"),
    Screen("status-down", "/#/status", topics=OFFLINE),
    Screen("start", "/#/start"),
    Screen("start-no-card", "/#/start", topics={"cards": EMPTY}, answers={"GET /api/visits": []}),
    Screen(
        "start-by-photo",
        "/#/start",
        topics={"cards": EMPTY, "identify": {"by": "photo"}},
        answers={"GET /api/visits": []},
    ),
    Screen("start-offline", "/#/start", topics=OFFLINE),
    Screen("start-no-staff", "/#/start", topics={"staff": NOBODY}),
    Screen(
        "virtual-card-maybe",
        "/#/virtual-card",
        answers={"POST /api/virtual-cards/photo": {"code": "maybe_virtual_card"}},
        act=photograph_card,
    ),
    Screen("start-disabled-box", "/#/start", topics={"box": samples.box(enabled=False)}),
    Screen("visit", f"/#{VISIT}"),
    Screen("visit-saved", f"/#{VISIT}", act=type_complaint),
    Screen(
        "visit-empty",
        f"/#{VISIT}",
        answers={
            f"GET /api{VISIT}": samples.view(
                content=samples.content(subjective="", objective="", diagnoses=[], orders=[])
            )
        },
    ),
    Screen(
        "visit-offline",
        f"/#{VISIT}",
        topics=OFFLINE,
        answers={f"GET /api{VISIT}": samples.view(identification="card_offline", clock_trusted=False)},
    ),
    Screen("visit-sign-in-over", f"/#{VISIT}", topics={"staff": NOBODY}),
    Screen(
        "visit-conflict",
        f"/#{VISIT}",
        answers={f"PUT /api{VISIT}/content": refuse(409, "GW-REQ-05")},
        act=type_complaint,
    ),
    Screen(
        "visit-disk-full",
        f"/#{VISIT}",
        answers={f"PUT /api{VISIT}/content": refuse(507, "GW-STO-01")},
        act=type_complaint,
    ),
    Screen(
        "visit-other-phone",
        f"/#{VISIT}",
        answers={f"GET /api{VISIT}": samples.view(editor=samples.OTHER_EDITOR)},
    ),
    Screen(
        "visit-signed",
        f"/#{VISIT}",
        answers={
            f"GET /api{VISIT}": samples.view(
                signature=samples.SIGNATURE,
                content=samples.content(
                    orders=[samples.ORDER, samples.VISIT_FEE], virtual_orders=["R001", "R003"]
                ),
            ),
            f"GET /api{VISIT}/advice": samples.advice(visit_type="AH"),
        },
        act=lambda page: page.locator("#claim").scroll_into_view_if_needed(),
    ),
    Screen("virtual-orders", f"/#{VISIT}/virtual-orders", act=click("[data-virtual=R004] input")),
    Screen("stay", f"/#{VISIT}/stay"),
    Screen(
        "stay-emergency",
        f"/#{VISIT}/stay",
        answers={
            f"GET /api{VISIT}": samples.view(
                content=samples.content(
                    occasion={
                        "arrived_at": samples.ago(minutes=50),
                        "departed_at": samples.ago(minutes=5),
                        "remote": False,
                        "under_served": True,
                        "emergency": True,
                        "holiday": False,
                    },
                    fee_points=2773,
                    copay_points=139,
                    amounts_by_hand=True,
                ),
                position={"latitude": 23.5, "longitude": 121.0, "accuracy_m": 8.0},
            ),
            f"GET /api{VISIT}/advice": samples.advice(percentage=170),
        },
    ),
    Screen("signature", f"/#{VISIT}/signature", act=sign),
    Screen(
        "signature-kept",
        f"/#{VISIT}/signature",
        answers={f"GET /api{VISIT}": samples.view(signature=samples.SIGNATURE)},
    ),
    Screen(
        "claim-advice",
        f"/#{VISIT}/claim",
        answers={
            f"GET /api{VISIT}/advice": samples.advice(
                visit_type="AH",
                case_type_fits=False,
                special_item="H8",
                physical_card_wanted=True,
                courses=[
                    {"kind": "physical", "visits": 2, "number": "0007"},
                    {"kind": "virtual", "visits": 1, "number": ""},
                ],
            )
        },
    ),
    Screen("phrases", f"/#{VISIT}/phrases/objective"),
    Screen("pick-packages", f"/#{VISIT}/pick/packages"),
    Screen("pick-controlled", f"/#{VISIT}/pick/controlled"),
    Screen("pick-own", f"/#{VISIT}/pick/drugs", act=click("#own-order summary")),
    Screen(
        "order-service",
        f"/#{VISIT}/order/0",
        answers={f"GET /api{VISIT}": samples.view(content=samples.content(orders=[samples.VISIT_FEE]))},
    ),
    Screen(
        "order-repeat",
        f"/#{VISIT}/order/0",
        answers={
            f"GET /api{VISIT}": samples.view(
                content=samples.content(
                    orders=[{**samples.ORDER, "chronic": True, "refills": 3, "days": 28, "total": 84.0}]
                )
            )
        },
        act=click("#order-detail summary"),
    ),
    Screen(
        "order-left",
        f"/#{VISIT}/order/0",
        answers={f"GET /api{VISIT}/leftover": samples.LEFTOVER},
        act=click("#left-days"),
    ),
    Screen(
        "order-allergies",
        f"/#{VISIT}/order/0",
        answers={f"GET /api{VISIT}/allergies": record_samples.ALLERGIES},
    ),
    Screen(
        "finish-lacks",
        f"/#{VISIT}/finish",
        answers={
            f"GET /api{VISIT}/advice": samples.advice(
                lacking=[
                    {"field": "content.orders[0].days", "params": {"rule": "days_ordinary", "most": 7}},
                    {"field": "content.virtual_orders", "params": {"rule": "proof_affidavit"}},
                ]
            )
        },
    ),
    Screen(
        "result-less",
        f"/#{RESULT}",
        answers={
            f"GET /api{VISIT}": samples.finished_as(
                2, flags=samples.flags(card="done", vpn="not_wanted", ic="not_wanted")
            )
        },
    ),
    Screen("visit-undo", f"/#{VISIT}", act=click("[data-diagnosis=I10] .danger")),
    Screen("pick-empty", f"/#{VISIT}/pick/icd10"),
    Screen("pick-diagnosis", f"/#{VISIT}/pick/icd10", act=search("感")),
    Screen("pick-drug", f"/#{VISIT}/pick/drugs", act=search("acet")),
    Screen("order", f"/#{VISIT}/order/0"),
    Screen(
        "correct",
        f"/#{VISIT}/correct",
        answers={f"GET /api{VISIT}": samples.finished(jobs=[samples.REJECTED_JOB])},
    ),
    Screen("order-by-hand", f"/#{VISIT}/order/0", act=type_total),
    Screen("claim", f"/#{VISIT}/claim"),
    Screen("finish", f"/#{VISIT}/finish"),
    Screen(
        "finish-offline",
        f"/#{VISIT}/finish",
        topics=OFFLINE,
        answers={f"GET /api{VISIT}": samples.view(identification="card_offline")},
    ),
    Screen(
        "finish-waits",
        f"/#{VISIT}/finish",
        topics={**OFFLINE, "cards": EMPTY, "staff": NOBODY},
        answers={f"GET /api{VISIT}": samples.view(content=samples.content(diagnoses=[]))},
    ),
    Screen(
        "result-done",
        f"/#{RESULT}",
        answers={
            f"GET /api{VISIT}": samples.finished(
                receipts={
                    "upload.visit": {
                        "key": "k",
                        "kind": "upload.visit",
                        "accepted_at": samples.ago(),
                        "insurer": {},
                    }
                }
            )
        },
    ),
    Screen(
        "result-waiting",
        f"/#{RESULT}",
        topics=OFFLINE,
        answers={
            f"GET /api{VISIT}": samples.finished(
                flags=samples.flags(ic="attention"), jobs=samples.WAITING_JOBS
            )
        },
    ),
    Screen("prescription", f"/#{VISIT}/prescription", answers={f"GET /api{VISIT}": samples.finished()}),
    Screen("export", f"/#{VISIT}/export", answers=EXPORT | {f"GET /api{VISIT}/check": CLEAN}),
    Screen("export-unfit", f"/#{VISIT}/export", answers=EXPORT),
    Screen("export-ready", f"/#{VISIT}/export", act=make_export, answers=EXPORT),
    Screen("prescription-paper", f"/#{VISIT}/prescription", act=print_paper, answers=EXPORT),
    Screen(
        "prescription-waits",
        f"/#{VISIT}/prescription",
        answers={
            f"GET /api{VISIT}": samples.finished(),
            f"GET /api{VISIT}/prescription": {
                "ready": False,
                "waiting_for": "waiting.link",
                "qr_svg": "",
                "passphrase": "",
            },
        },
    ),
    Screen(
        "visits",
        "/#/visits",
        answers={"GET /api/visits": [samples.summary(state="finished", sequence_no="F00B")]},
    ),
    Screen("visits-none", "/#/visits", answers={"GET /api/visits": []}),
    Screen("outbox", "/#/outbox", topics={"queue": samples.queue(4, attention=1)}),
    Screen(
        "outbox-empty", "/#/outbox", answers={"GET /api/outbox": {"summary": samples.queue(), "items": []}}
    ),
    Screen("settings", "/#/settings"),
    Screen("readers", "/#/settings/readers"),
    Screen("readers-none", "/#/settings/readers", topics={"cards": {"readers": []}}),
    Screen("phones", "/#/settings/phones"),
    Screen("phones-add", "/#/settings/phones", act=click("#add-phone")),
    Screen("datasets", "/#/settings/datasets", answers=record_samples.ANSWERS),
    Screen(
        "datasets-group",
        "/#/settings/datasets",
        topics={"box": samples.box(dataset_group="hospice"), **OFFLINE},
        answers=record_samples.ANSWERS,
        act=lambda page: page.locator("[name=dataset-group][value=default]").check(),
    ),
    Screen(
        "datasets-never",
        "/#/settings/datasets",
        answers={
            "GET /api/datasets": [],
            "GET /api/datasets/status": {
                "checked_at": None,
                "missing": ["icd10"],
                "empty": [],
                "groups": [],
                "loaded_group": "",
            },
        },
    ),
    Screen("today", "/#/today", answers=record_samples.ANSWERS),
    Screen("today-empty", "/#/today", answers={"GET /api/plans": []}, topics=OFFLINE),
    Screen("today-removed", "/#/today", answers=record_samples.ANSWERS, act=click("[data-plan=p3] button")),
    Screen("plan-add", "/#/today/add", answers=record_samples.ANSWERS),
    Screen("consent", "/#/today/p1", answers=record_samples.ANSWERS, act=click("summary")),
    Screen("consents", "/#/consents", answers=record_samples.ANSWERS),
    Screen("consents-none", "/#/consents", answers={"GET /api/consents": []}),
    Screen("consent-new", "/#/today/p3", answers=record_samples.ANSWERS, act=click("#signed")),
    Screen("records-downloaded", "/#/consents/c1/records", answers=record_samples.ANSWERS),
    Screen("records-table", "/#/consents/c1/records", answers=record_samples.ANSWERS, act=click("#turn")),
    Screen("records", f"{VISIT_PAGE}/records", answers=record_samples.ANSWERS),
    Screen(
        "records-none",
        f"{VISIT_PAGE}/records",
        answers={
            f"GET /api{VISIT}/records": refuse(403, "GW-ACC-20"),
            f"GET /api{VISIT}/leftover": record_samples.UNKNOWN_LEFTOVER,
        },
    ),
    Screen("carry-in", f"{VISIT_PAGE}/carry-in", answers=record_samples.ANSWERS),
    Screen("carry-in-none", f"{VISIT_PAGE}/carry-in", answers={f"GET /api{VISIT}/former": []}),
    Screen("departure", "/#/departure", answers=record_samples.ANSWERS),
    Screen(
        "departure-not-ready",
        "/#/departure",
        answers={"GET /api/departure": record_samples.DEPARTURE_BAD},
    ),
    Screen(
        "status-rescued",
        "/#/status",
        topics={"store": {"rescued_at": samples.ago(minutes=5), "backup_at": samples.ago(minutes=30)}},
    ),
    Screen("retention", "/#/settings/retention"),
    Screen("box", "/#/settings/box"),
    Screen("help", "/#/help"),
    Screen("lab", "/#/lab"),
    *(
        Screen(
            f"training-{phase}", "/#/training", answers={"GET /api/training": training_samples.view(phase)}
        )
        for phase in ("closed", "opening", "open")
    ),
    Screen(
        "training-closed-user",
        "/#/training",
        topics={"phone": samples.phone_topic(role="user")},
        answers={"GET /api/training": training_samples.view("closed", failed=True)},
    ),
    Screen(
        "training-refused",
        "/#/training",
        answers={
            "GET /api/training": training_samples.view("open"),
            "POST /api/training/enter": refuse(409, "GW-ACC-15"),
        },
        act=enter_training,
    ),
    *(
        Screen(
            f"lessons{name}",
            "/#/lessons",
            topics={"mode": training_samples.INSIDE},
            answers=training_samples.rooms(lesson, done),
        )
        for name, lesson, done in (("", "", 0), ("-begun", "no_vpn", 2), ("-passed", "online", 3))
    ),
    Screen(
        "announcements",
        "/#/announcements",
        answers=announcement_samples.ANSWERS,
        act=click(f"[data-announcement='{announcement_samples.URGENT}'] summary"),
    ),
    Screen("home-urgent", "/#/", topics={"announcements": announcement_samples.TOPIC}),
    Screen("tour", "/#/", topics={"tour": {"taken": False}, "cards": HPC_ONLY}, act=begin_tour),
    Screen("training-home", "/#/", topics={"mode": training_samples.INSIDE}),
    Screen("training-visit", VISIT_PAGE, topics={"mode": training_samples.INSIDE}),
    Screen(
        "environment",
        "/#/settings/environment",
        answers={"GET /api/environment": test_environment.report(test_environment.READY, ready=True)},
    ),
    Screen(
        "environment-refused",
        "/#/settings/environment",
        topics=OFFLINE,
        answers={"GET /api/environment": test_environment.report(test_environment.REFUSED, ready=False)},
    ),
    Screen("versions", "/#/settings/versions", answers={"GET /api/health": test_versions.HEALTH}),
    Screen("power", "/#/settings/power", answers={"GET /api/box/power": test_power.OPEN}),
    Screen("consent-kept", "/#/consents/c1", answers=record_samples.ANSWERS),
    Screen("pick-instead", f"/#{VISIT}/pick/icd10/0"),
    Screen("support", "/#/settings/support", answers={"GET /api/support-bundle": test_support.BUNDLE}),
    Screen(
        "roots",
        "/#/settings/roots",
        answers={
            "GET /api/box/roots": {
                "roots": [
                    test_roots.root(test_roots.FIRST, "binding"),
                    test_roots.root(test_roots.SECOND, "technician"),
                ]
            }
        },
    ),
    Screen(
        "bluetooth",
        "/#/settings/bluetooth",
        topics={
            "bluetooth": test_bluetooth.bluetooth(
                scanning=True,
                heard=[test_bluetooth.NEAR, test_bluetooth.FAR],
                remembered=[test_bluetooth.KNOWN],
            )
        },
        answers={"POST /api/bluetooth/scan": {}, "DELETE /api/bluetooth/scan": {}},
    ),
    Screen(
        "bluetooth-compare",
        "/#/settings/bluetooth",
        topics={
            "bluetooth": test_bluetooth.bluetooth(pairing=test_bluetooth.pairing("compare", number="042917"))
        },
    ),
    Screen(
        "bluetooth-off", "/#/settings/bluetooth", topics={"bluetooth": test_bluetooth.bluetooth(state="off")}
    ),
    Screen(
        "protection",
        "/#/settings/protection",
        answers={"GET /api/lock/settings": {"starts_locked": True, "cards": True}},
    ),
    Screen("box-locked", "/", answers={"GET /api/lock": test_closed.LOCKED}, closed=423),
    Screen("box-erased", "/", answers={"GET /api/lock": test_closed.ERASED}, closed=410),
    Screen("erasure-ordered", "/", topics={"erasure": {"ordered_at": samples.ago(minutes=5), "unsent": 3}}),
    Screen(
        "link-not-believed",
        "/#/status",
        topics={"link": {"link": "down", "hop": "tls", "since": samples.ago(), "last_success_at": None}},
    ),
    Screen("out-of-reach", "/#/outbox", silent=True),
    Screen("out-of-reach-visit", f"/#{VISIT}", silent=True),
    Screen(
        "strip-warns",
        "/",
        topics={
            "link": samples.link("unstable", "dns"),
            "queue": samples.queue(3, oldest_age="amber", oldest_at=samples.ago(hours=13)),
            "staff": {"sessions": [samples.staff_session(ends_at=samples.ahead(minutes=40))]},
            "power": {"battery_percent": 15, "under_voltage": False},
        },
    ),
    Screen(
        "strip-sending",
        "/",
        topics={
            "queue": samples.queue(3, sending=2),
            "staff": {"sessions": [samples.staff_session(ends_at=samples.ago(minutes=1))]},
        },
    ),
    Screen(
        "flags-all",
        f"/#{RESULT}",
        answers={
            f"GET /api{VISIT}": samples.finished(
                flags=samples.flags(card="working", vpn="not_wanted", ic="attention"),
                jobs=samples.WAITING_JOBS,
            )
        },
    ),
]
# Of what waits for something (C03): a chip, a row, a way on in the place of a button, a button that waits, a whole page.
LACKS_SEEN = ("sam home link", "sign-in sam", "today sam", "today time", "handoff role", "bind role")
SCREENS += [
    Screen(
        f"lacks-{lack.name.replace(' ', '-')}",
        f"/#{lack.path}",
        topics=lack.lacking,
        answers=lack.answers,
        act=click(lack.before) if lack.before else nothing,
    )
    for lack in test_lacks.LACKS
    if lack.name in LACKS_SEEN
]
LOOKS = [Look(), Look(320, 568), Look(dark=True), Look(large=True), Look(320, 568, large=True)]
SMALL_AND_DARK = ("home", "start", "visit", "finish", "result-done", "outbox", "settings", "status-down")
"""The densest screens: they are measured and kept at 320 x 568 in the dark as well."""

IN_THE_SHEET = {shot.name for shots in CHAPTERS.values() for shot in shots}
SMALL_TARGETS = """() => [...document.querySelectorAll("a, button, input:not([type=file]), textarea, summary")]
    .filter((e) => e.checkVisibility() && !e.closest(".unseen"))
    .map((e) => [e, (e.closest("label") ?? e).getBoundingClientRect()])
    .filter(([, box]) => box.height < 44 || box.width < 44)
    .map(([e, box]) => `${e.outerHTML.slice(0, 80)} ${box.width}x${box.height}`)"""


def looks_of(name: str) -> list[Look]:
    """In which a screen is measured and kept."""
    return [*LOOKS, *[Look(320, 568, dark=True)] * (name in SMALL_AND_DARK)]


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_screen_is_readable_in_reach_and_in_words(screen: Screen, studio: Studio, artefacts: Path) -> None:
    box, phone = studio.empty(), studio.phone
    box.topics = {**screen.before(box.topics), **screen.topics}
    box.answers.update(screen.answers)
    box.paired = screen.paired
    box.closed = screen.closed
    phone.dress(LOOKS[0])
    phone.open(box.url + screen.path)
    screen.bring_about(studio)
    phone.settle()

    studio.load_axe()
    pictures = []
    for look in looks_of(screen.name):
        phone.dress(look)
        taken = studio.photograph(look)
        pictures.append(opened(taken))
        name = f"{screen.name}-{look.label}"
        sharp = studio.photograph(look, density=2) if name in IN_THE_SHEET else taken
        (artefacts / f"{name}.png").write_bytes(sharp)
        width, small = phone.page.evaluate(
            f"() => [document.documentElement.scrollWidth, ({SMALL_TARGETS})()]"
        )
        assert width <= look.width, "wider than the phone"
        assert small == [], "targets smaller than a thumb"
        assert studio.axe() == []
    assert _KEY.findall(phone.words()) == [], "a key without words"
    assert phone.troubles == []
    assert baselines.check(screen.name, pictures) == ""


def test_every_screen_that_has_an_address_has_its_picture() -> None:
    app = (WEBUI / "app.js").read_text("utf-8")
    routes = re.findall(r'path: "(/[^"]*)", load', app)
    shown = [screen.path.partition("#")[2] or "/" for screen in SCREENS]
    patterns = {route: re.compile(re.sub(r":\w+", "[^/]+", route)) for route in routes}

    assert len(routes) > 40
    assert [route for route, pattern in patterns.items() if not any(map(pattern.fullmatch, shown))] == []
