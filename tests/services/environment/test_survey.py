"""環境檢測: every item in every state, in both languages; what is behind a broken item is not called good."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence

import msgspec
import pytest

from visitbridge.domain.modem import ModemState
from visitbridge.domain.roc import TAIPEI
from visitbridge.domain.site_steps import SiteState, SiteStep
from visitbridge.errors import (
    DataCentreBusy,
    DeviceDisabled,
    LinkDown,
    NotBound,
    PortalUntrusted,
    VisitBridgeError,
)
from visitbridge.ports.clock import TimeTrust
from visitbridge.services.environment import Check, CheckState, EnvironmentReport, Survey
from visitbridge.services.environment.box import (
    DiskFound,
    DiskProbe,
    certificate_check,
    clock_check,
    disk_check,
    portal_certificate_check,
    power_check,
    readers_check,
    sam_check,
    site_check,
)
from visitbridge.services.environment.hosts import HostFound, HostProbe, hosts_checks
from visitbridge.services.environment.line import (
    MODEM_ITEMS,
    PATH_ITEMS,
    data_check,
    modem_checks,
    path_checks,
)
from visitbridge.services.environment.wording import describe, words_of
from visitbridge.services.link.hops import NEAR_HOPS
from visitbridge.services.live import LiveBoard
from visitbridge.services.modem.meter import MeterReading
from visitbridge.services.modem.topic import ModemTopic
from visitbridge.services.site_steps import SiteStepView
from visitbridge.services.topics import (
    BoxTopic,
    CardsTopic,
    CertificateTopic,
    PortalTopic,
    PowerTopic,
    Slot,
    SlotCard,
)
from visitbridge.sim.clock import FakeClock
from visitbridge.words import LANGUAGES, load_catalogue

NOW = dt.datetime(2026, 11, 22, 1, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 22)
ORDER = [
    *MODEM_ITEMS,
    "data",
    *PATH_ITEMS,
    "portal_certificate",
    "sam",
    "certificate",
    "clock",
    "readers",
    "power",
    "disk",
    "site",
]
SOON, LATER = NOW + dt.timedelta(days=60, seconds=1), NOW + dt.timedelta(days=300)
BOUND = BoxTopic(
    bound=True,
    box_name="box",
    sheet_id="s",
    version="0",
    sam_valid_until=TODAY + dt.timedelta(days=400),
    sam_verified_at=NOW,
)
USED = MeterReading(month="2026-11", received_bytes=81_700_000, sent_bytes=1_800_000)


def slot(state: str) -> Slot:
    return Slot(
        reader_id="r",
        name="reader",
        transport="usb",
        state=state,
        virtual=False,
        battery_percent=None,
        signal_dbm=None,
        card=SlotCard(kind="none", insertion=0, error_code="", patient=None),
    )


def modem(state: ModemState, bars: int | None = 3) -> ModemTopic:
    return ModemTopic(state=state, operator="Test Net", bars=bars, refused_cme=149)


def disk(free: int, *, writable: bool = True) -> DiskFound:
    return DiskFound(free_bytes=free, total_bytes=100, writable=writable)


def vpn_sites(answers: str) -> tuple[HostFound, ...]:
    """One host a sign, ``+`` answers."""
    return tuple(HostFound(f"site{n}.test:443", sign == "+") for n, sign in enumerate(answers))


def site_step(state: SiteState) -> SiteStepView:
    return SiteStepView(
        step=SiteStep.USERS, state=state, by="", at=None, states=tuple(SiteState), approval_at=None
    )


EVERY: list[Check] = [
    *(site_check([site_step(state)]) for state in SiteState),
    *(check for state in ModemState if state is not ModemState.NONE for check in modem_checks(modem(state))),
    *modem_checks(None),
    *modem_checks(modem(ModemState.DATA_UP, bars=0)),
    *modem_checks(modem(ModemState.SIM_PIN, bars=None)),
    *(data_check(meter) for meter in (None, MeterReading(), USED)),
    *(
        check
        for hop in [
            "",
            "network",
            "dns",
            "host",
            "tls",
            "data_centre",
            "not_bound",
            "bound_elsewhere",
            "device_disabled",
            *NEAR_HOPS,
        ]
        for check in path_checks(hop)
    ),
    *(
        sam_check(msgspec.structs.replace(BOUND, sam_valid_until=TODAY + dt.timedelta(days=days)), NOW)
        for days in (-1, 7, 30, 60, 61)
    ),
    sam_check(None, NOW),
    sam_check(msgspec.structs.replace(BOUND, sam_verified_at=NOW - dt.timedelta(days=1)), NOW),
    *(clock_check(trust) for trust in TimeTrust),
    *(
        readers_check(CardsTopic(readers=tuple(slot(state) for state in states)))
        for states in ([], ["empty"], ["unavailable"], ["empty", "unavailable"])
    ),
    readers_check(CardsTopic(readers=(), troubles=("GW-DEV-04",))),
    *(
        power_check(PowerTopic(battery_percent=battery, under_voltage=low))
        for battery, low in ((None, None), (80, False), (None, True), (10, None), (None, False))
    ),
    power_check(PowerTopic(battery_percent=None, under_voltage=False, battery_silent=True)),
    *(check for reason in ("root", "validity", "name", "other") for check in path_checks("tls", reason)),
    *(
        portal_certificate_check(topic, NOW)
        for topic in (
            None,
            PortalTopic(certificate_ends_at=LATER, renewal_due=False),
            PortalTopic(certificate_ends_at=SOON, renewal_due=True),
            PortalTopic(certificate_ends_at=NOW - dt.timedelta(seconds=1), renewal_due=True),
        )
    ),
    *(
        certificate_check(topic, NOW)
        for topic in (
            None,
            CertificateTopic(fingerprint="", ends_at=LATER, own=True),
            CertificateTopic(fingerprint="", ends_at=LATER, own=False),
            CertificateTopic(fingerprint="", ends_at=SOON, own=False),
            CertificateTopic(fingerprint="", ends_at=LATER, own=True, refused="GW-CRT-04"),
        )
    ),
    *(check for answers in ("+", "+-", "--") for check in hosts_checks(vpn_sites(answers))),
    *(disk_check(found) for found in (disk(50), disk(9), disk(1), disk(50, writable=False))),
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_can_be_found_has_words(language: str) -> None:
    texts = load_catalogue().texts(language)
    for check in EVERY:
        what, now = words_of(check, texts)
        assert what
        assert "{" not in what
        assert bool(now) is (check.state not in {CheckState.OK, CheckState.ABSENT}), check


def test_no_words_for_what_cannot_be_found() -> None:
    said = {
        tuple(key.split(".")[1:3])
        for key in load_catalogue().texts("en")
        if key.startswith("environment.") and key.endswith(".what")
    }
    found = {(check.item, check.code) for check in EVERY}
    # 出門前檢查 has items of its own in the same part of the catalogue.
    ours = {check.item for check in EVERY}

    assert {(item, code) for item, code in said - found if code != "unknown" and item in ours} == set()


@pytest.mark.parametrize(
    "state", [state for state in ModemState if state not in (ModemState.NONE, ModemState.STARTING)]
)
def test_what_is_behind_a_broken_part_of_the_modem_is_not_called_good(state: ModemState) -> None:
    states = [check.state for check in modem_checks(modem(state))]
    broken = states.index(CheckState.FAIL) if CheckState.FAIL in states else len(states)

    assert states == [CheckState.OK] * broken + [CheckState.FAIL] * (broken < 4) + [CheckState.UNKNOWN] * max(
        0, 3 - broken
    )
    assert (CheckState.FAIL not in states) is (state is ModemState.DATA_UP)


@pytest.mark.parametrize(
    ("bars", "state", "code"),
    [(None, CheckState.OK, "unmeasured"), (0, CheckState.WARN, "faint"), (2, CheckState.OK, "ok")],
)
def test_a_signal_that_nobody_measured_is_not_called_none(
    bars: int | None, state: CheckState, code: str
) -> None:
    """Without its SIM a modem tells no signal; "0 of 4 bars" would be another fault than the one there is."""
    radio, *_ = modem_checks(modem(ModemState.SIM_PIN, bars=bars))

    assert (radio.item, radio.state, radio.code) == ("radio", state, code)


def test_a_modem_that_is_still_starting_is_neither_good_nor_broken() -> None:
    assert {check.state for check in modem_checks(modem(ModemState.STARTING))} == {CheckState.UNKNOWN}


@pytest.mark.parametrize(
    ("states", "state"),
    [((), CheckState.FAIL), (("unavailable",), CheckState.FAIL), (("unavailable", "empty"), CheckState.WARN)],
    ids=["none ever seen", "all of them gone", "Bluetooth goes on"],
)
def test_a_missing_pcscd_is_told_by_its_code(states: tuple[str, ...], state: CheckState) -> None:
    topic = CardsTopic(readers=tuple(slot(state) for state in states), troubles=("GW-DEV-04",))

    check = readers_check(topic)

    assert (check.state, check.code, check.params) == (state, "service", {"error": "GW-DEV-04"})


@pytest.mark.parametrize(
    ("hop", "states"),
    [
        ("", "ok ok ok ok"),
        ("dns", "fail unknown unknown unknown"),
        ("host", "ok fail unknown unknown"),
        ("tls", "ok ok fail unknown"),
        ("data_centre", "ok ok ok fail"),
        ("device_disabled", "ok ok ok fail"),
        ("not_bound", "unknown unknown unknown fail"),
        ("bound_elsewhere", "unknown unknown unknown fail"),
        ("searching", "fail unknown unknown unknown"),
    ],
)
def test_the_path_breaks_at_one_place(hop: str, states: str) -> None:
    assert [check.state for check in path_checks(hop)] == states.split()


@pytest.mark.parametrize(
    ("days", "state"),
    [(-1, CheckState.FAIL), (0, CheckState.WARN), (60, CheckState.WARN), (61, CheckState.OK)],
)
def test_B12_the_security_modules_end_is_told_in_time(days: int, state: CheckState) -> None:
    box = msgspec.structs.replace(BOUND, sam_valid_until=TODAY + dt.timedelta(days=days))

    assert sam_check(box, NOW).state is state


@pytest.mark.parametrize(
    ("verified_at", "state", "code"),
    [
        (NOW, CheckState.OK, "ok"),
        (dt.datetime.combine(TODAY, dt.time(), TAIPEI), CheckState.OK, "ok"),
        (
            dt.datetime.combine(TODAY, dt.time(), TAIPEI) - dt.timedelta(seconds=1),
            CheckState.FAIL,
            "unverified",
        ),
        (None, CheckState.FAIL, "unverified"),
    ],
    ids=["now", "since midnight", "yesterday", "never"],
)
def test_E02_a_module_that_was_not_verified_today_keeps_the_team(
    verified_at: dt.datetime | None, state: CheckState, code: str
) -> None:
    check = sam_check(msgspec.structs.replace(BOUND, sam_verified_at=verified_at), NOW)

    assert (check.state, check.code) == (state, code)


@pytest.mark.parametrize(
    ("reason", "code"),
    [("root", "unknown_root"), ("validity", "not_valid"), ("name", "other_name"), ("other", "broken")],
)
async def test_Y11_what_is_wrong_with_the_hosts_certificate_is_told(reason: str, code: str) -> None:
    report = await Bench(PortalUntrusted(reason=reason)).survey.run()

    (tls,) = [check for check in report.items if check.item == "tls"]
    assert (tls.state, tls.code) == (CheckState.FAIL, code)


@pytest.mark.parametrize(
    ("days", "due", "state"),
    [
        (200, False, CheckState.OK),
        (100, True, CheckState.WARN),
        (0, True, CheckState.WARN),
        (-1, True, CheckState.FAIL),
    ],
)
def test_Y11_a_certificate_that_is_not_renewed_is_told(days: int, due: bool, state: CheckState) -> None:
    topic = PortalTopic(certificate_ends_at=NOW + dt.timedelta(days=days), renewal_due=due)

    assert portal_certificate_check(topic, NOW).state is state


@pytest.mark.parametrize(
    ("days", "own", "refused", "state"),
    [
        (61, False, "", CheckState.OK),
        (60, False, "", CheckState.WARN),
        (31, True, "", CheckState.OK),
        (300, True, "GW-CRT-02", CheckState.WARN),
    ],
)
def test_the_end_of_the_pages_certificate_is_told_in_time(
    days: int, own: bool, refused: str, state: CheckState
) -> None:
    ends_at = NOW + dt.timedelta(days=days)
    topic = CertificateTopic(fingerprint="", ends_at=ends_at, own=own, refused=refused)

    assert certificate_check(topic, NOW).state is state


@pytest.mark.parametrize(
    ("meter", "words"),
    [
        (USED, "2026-11 這期用了 84 MB"),
        (MeterReading(received_bytes=400_000), "用了 0 MB，時間校正後才分月計算"),
        (None, "這個盒子沒有計算行動網路用量"),
    ],
)
def test_the_data_of_the_month_is_told(meter: MeterReading | None, words: str) -> None:
    assert words_of(data_check(meter), load_catalogue().texts("zh-Hant-TW")) == (words, "")


class Disk(DiskProbe):
    async def look(self) -> DiskFound:
        return disk(50)


class Hosts(HostProbe):
    def __init__(self, answers: str) -> None:
        self._answers = answers

    async def look(self) -> tuple[HostFound, ...]:
        return vpn_sites(self._answers)


class Bench:
    """A survey whose one try of the path goes as told."""

    def __init__(self, outcome: VisitBridgeError | None = None, *, uplink: str = "", hosts: str = "") -> None:
        self.tries = 0
        self.outcome = outcome
        self.board = LiveBoard()
        self.board.put("box", BOUND)
        self.board.put("cards", CardsTopic(readers=(slot("empty"),)))
        self.survey = Survey(
            self.board,
            FakeClock(NOW),
            try_path=self._try,
            broken_uplink=lambda: uplink,
            hosts=Hosts(hosts),
            disk=Disk(),
            data_used=lambda: USED,
            site=self._site,
        )

    async def _site(self) -> Sequence[SiteStepView]:
        return [site_step(SiteState.DONE)]

    async def _try(self) -> None:
        self.tries += 1
        await asyncio.sleep(0)
        if self.outcome is not None:
            raise self.outcome


async def test_a_box_that_is_ready() -> None:
    report = await Bench().survey.run()

    assert [check.item for check in report.items] == ORDER
    assert report.ready


@pytest.mark.parametrize(
    ("outcome", "uplink", "item"),
    [
        (LinkDown(hop="dns"), "", "dns"),
        (LinkDown(hop="host"), "", "vpn_host"),
        (PortalUntrusted(), "", "tls"),
        (DataCentreBusy(), "", "data_centre"),
        (NotBound(), "", "data_centre"),
        (DeviceDisabled(), "", "data_centre"),
        (LinkDown(hop="dns"), "searching", "dns"),
    ],
)
async def test_the_first_item_that_failed_is_found(outcome: VisitBridgeError, uplink: str, item: str) -> None:
    report = await Bench(outcome, uplink=uplink).survey.run()

    assert next(check.item for check in report.items if check.state is CheckState.FAIL) == item
    assert not report.ready


def without_driver(board: LiveBoard) -> None:
    board.put("cards", CardsTopic(readers=(), troubles=("GW-DEV-04",)))


def without_reader(board: LiveBoard) -> None:
    board.put("cards", CardsTopic(readers=()))


def with_certificate_over(board: LiveBoard) -> None:
    ended = NOW - dt.timedelta(seconds=1)
    board.put("portal", PortalTopic(certificate_ends_at=ended, renewal_due=True))


def with_certificate_refused(board: LiveBoard) -> None:
    board.put("certificate", CertificateTopic(fingerprint="", ends_at=LATER, own=True, refused="GW-CRT-04"))


def as_it_is(board: LiveBoard) -> None:
    pass


STEPS = {
    "STEP1, the VPN's names": (LinkDown(hop="dns"), as_it_is, "dns"),
    "STEP2, the reader's driver": (None, without_driver, "readers"),
    "STEP2, the reader": (None, without_reader, "readers"),
    "STEP2, the insurer's certificate": (PortalUntrusted(reason="root"), as_it_is, "tls"),
    "STEP2, the workstation's own certificate": (None, with_certificate_over, "portal_certificate"),
    "STEP2, the page's certificate": (None, with_certificate_refused, "certificate"),
}


@pytest.mark.parametrize(("outcome", "spoil", "item"), STEPS.values(), ids=STEPS)
async def test_A13_each_step_of_setting_a_workstation_up_has_its_item_which_tries_it(
    outcome: VisitBridgeError | None, spoil: Callable[[LiveBoard], None], item: str
) -> None:
    """What a workstation wants done by hand, the box does itself; the survey says which of it does not hold, and what to do."""
    whole, spoilt = certified(Bench()), certified(Bench(outcome))
    spoil(spoilt.board)
    before = {check.item: check for check in (await whole.survey.run()).items}
    found = {check.item: check for check in (await spoilt.survey.run()).items}

    assert before[item].state is CheckState.OK
    assert found[item].state in {CheckState.FAIL, CheckState.WARN}
    assert found[item].code
    worse = {name for name, check in found.items() if check.state in {CheckState.FAIL, CheckState.WARN}}
    assert worse == {item}


def certified(bench: Bench) -> Bench:
    bench.board.put("portal", PortalTopic(certificate_ends_at=LATER, renewal_due=False))
    bench.board.put("certificate", CertificateTopic(fingerprint="", ends_at=LATER, own=True))
    return bench


async def test_several_who_ask_at_once_share_one_try() -> None:
    bench = Bench()

    reports = await asyncio.gather(*(bench.survey.run() for _ in range(5)))

    assert bench.tries <= 2
    assert len({report.at for report in reports}) == 1


async def test_words_and_json_say_the_same() -> None:
    report = await Bench(LinkDown(hop="dns")).survey.run()
    again = msgspec.json.decode(msgspec.json.encode(report), type=EnvironmentReport)

    lines = list(describe(again, load_catalogue().texts("zh-Hant-TW")))

    assert again == report
    assert "[不正常] 網址解析: 查不到主機名稱" in lines
    assert lines[lines.index("[不正常] 網址解析: 查不到主機名稱") + 1].startswith("    → ")


@pytest.mark.parametrize(
    ("states", "state", "words"),
    [
        ((SiteState.DONE, SiteState.DONE), CheckState.OK, "都已有人勾選辦好"),
        ((SiteState.DONE, SiteState.APPLIED, SiteState.OPEN), CheckState.WARN, "還有 2 項沒有勾選"),
        ((SiteState.OPEN,), CheckState.WARN, "還有 1 項沒有勾選"),
    ],
    ids=["all done", "one applied for", "one open"],
)
def test_A07_what_is_not_approved_yet_is_told_and_is_no_fault(
    states: Sequence[SiteState], state: CheckState, words: str
) -> None:
    check = site_check([site_step(one) for one in states])

    assert check.state is state
    assert words_of(check, load_catalogue().texts("zh-Hant-TW"))[0] == words


@pytest.mark.parametrize(
    ("hosts", "state", "words"),
    [
        ("++", CheckState.OK, "2 個都連得到"),
        ("+-", CheckState.WARN, "連不到：site1.test:443"),
        ("--", CheckState.WARN, "一個都連不到：site0.test:443、site1.test:443"),
    ],
)
async def test_C02_the_insurers_own_hosts_are_told_beside_the_data_centre(
    hosts: str, state: CheckState, words: str
) -> None:
    report = await Bench(hosts=hosts).survey.run()

    (check,) = [check for check in report.items if check.item == "vpn_sites"]
    assert check.state is state
    assert words_of(check, load_catalogue().texts("zh-Hant-TW"))[0] == words
    assert report.ready, "a visit needs the data centre only"
