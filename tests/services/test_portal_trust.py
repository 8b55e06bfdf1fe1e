"""The roots and the certificate of a box change without a gap (Y11); the data centre is a double that can refuse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import pytest

from visitbridge.domain.roc import TAIPEI
from visitbridge.errors import (
    CertificateUnreadable,
    DataCentreBusy,
    LastRoot,
    LinkDown,
    NotAnAuthority,
    NotFound,
    OutsideValidity,
    VisitBridgeError,
)
from visitbridge.ports.portal_keys import CertificateLife, PortalKeys, PortalRoot, TrustedRoots
from visitbridge.ports.records import AuditEntry
from visitbridge.protocols.certificates import issue_leaf, make_authority
from visitbridge.protocols.datacentre.device import DeviceStatus, SamRecord
from visitbridge.protocols.datacentre.roots import RootsAnnouncement
from visitbridge.services.live import LiveBoard
from visitbridge.services.portal_trust import RETRY_S, PortalTrust, is_due
from visitbridge.services.topics import PortalTopic
from visitbridge.sim.clock import FakeClock

NOW = dt.datetime(2026, 11, 22, 9, 0, tzinfo=TAIPEI)
STATUS = DeviceStatus(
    enabled=True,
    sam=SamRecord(sam_id="TEST00000001", valid_from=dt.date(2026, 1, 1), valid_until=dt.date(2028, 1, 1)),
)


def root(name: str, now: dt.datetime = NOW) -> str:
    return make_authority(name, (), now).certificate.decode()


FIRST, SECOND, THIRD = root("first"), root("second"), root("third")


async def _nothing() -> None:
    pass


class Keys(PortalKeys):
    """``needed``: the root that the data centre's certificate hangs on. ``refusal``: what every renewal meets.

    ``while_tried``: what people do while roots are tried, which takes as long as the line does.
    """

    def __init__(self) -> None:
        self.kept = TrustedRoots(roots=(PortalRoot(pem=FIRST, source="binding", added_at=NOW),))
        self.life = CertificateLife(begins_at=NOW, ends_at=NOW + dt.timedelta(days=397))
        self.needed = FIRST
        self.announcement: RootsAnnouncement | None = None
        self.refusal: VisitBridgeError | None = None
        self.audit: list[AuditEntry] = []
        self.renewals = 0
        self.fetched = 0
        self.while_tried: Callable[[], Awaitable[object]] = _nothing

    @property
    def is_bound(self) -> bool:
        return True

    @property
    def trusted(self) -> TrustedRoots:
        return self.kept

    @property
    def certificate_life(self) -> CertificateLife:
        return self.life

    async def change_roots(self, change: Callable[[TrustedRoots], TrustedRoots], entry: AuditEntry) -> None:
        self.kept = change(self.kept)
        self.audit.append(entry)

    async def fetch_roots(self) -> RootsAnnouncement:
        self.fetched += 1
        if self.announcement is None:
            raise DataCentreBusy
        return self.announcement

    async def try_roots(self, roots: Sequence[PortalRoot]) -> DeviceStatus:
        await self.while_tried()
        if self.needed not in [each.pem for each in roots]:
            raise LinkDown
        return STATUS

    async def renew_certificate(self, entry: AuditEntry) -> None:
        self.renewals += 1
        if self.refusal is not None:
            raise self.refusal
        self.life = CertificateLife(begins_at=entry.at, ends_at=entry.at + dt.timedelta(days=397))
        self.audit.append(entry)


class Bench:
    def __init__(self) -> None:
        self.keys = Keys()
        self.clock = FakeClock(NOW)
        self.board = LiveBoard()
        self.probes = 0
        self.trust = PortalTrust(self.keys, self.board, self.clock, probe=self._probe)

    def _probe(self) -> None:
        self.probes += 1

    def trusted(self) -> list[str]:
        return [each.pem for each in self.keys.kept.roots]

    async def announce(self, *roots: str, at: dt.datetime | None = None) -> None:
        """The data centre names these roots in its next answer."""
        said = RootsAnnouncement(roots=roots, issued_at=at or self.clock.now(), signature="")
        self.keys.announcement = said
        await self.trust.tend(msgspec.structs.replace(STATUS, roots_digest=said.digest))


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_Y11_an_announced_root_is_trusted_beside_the_one_in_use(bench: Bench) -> None:
    await bench.announce(FIRST, SECOND)

    assert bench.trusted() == [FIRST, SECOND]
    assert [view.source for view in bench.trust.roots()] == ["binding", "announced"]
    assert [entry.act for entry in bench.keys.audit] == ["portal.roots.announced"]


async def test_what_was_taken_is_not_fetched_again(bench: Bench) -> None:
    await bench.announce(FIRST, SECOND)
    said = bench.keys.announcement
    assert said is not None

    await bench.trust.tend(msgspec.structs.replace(STATUS, roots_digest=said.digest))
    await bench.trust.tend(STATUS)

    assert bench.keys.fetched == 1


async def test_Y11_the_former_root_goes_once_the_new_one_is_proved(bench: Bench) -> None:
    await bench.announce(FIRST, SECOND)
    bench.keys.needed = SECOND
    bench.clock.advance(60)

    await bench.announce(SECOND)

    assert bench.trusted() == [SECOND]


async def test_a_root_that_is_still_needed_is_kept_though_it_is_announced_no_longer(bench: Bench) -> None:
    await bench.announce(SECOND)

    assert bench.trusted() == [SECOND, FIRST]


async def test_an_earlier_announcement_changes_nothing(bench: Bench) -> None:
    await bench.announce(FIRST, SECOND)

    await bench.announce(FIRST, THIRD, at=NOW - dt.timedelta(seconds=1))
    bench.clock.advance(RETRY_S)
    await bench.announce(FIRST, THIRD, at=NOW)

    assert bench.trusted() == [FIRST, SECOND]


@pytest.mark.parametrize(
    "unfit",
    [
        "nonsense",
        root("ended", NOW - dt.timedelta(days=4000)),
        FIRST + SECOND,
    ],
    ids=["nonsense", "ended", "two"],
)
async def test_an_announcement_with_something_that_is_no_root_is_left_alone(bench: Bench, unfit: str) -> None:
    await bench.announce(SECOND, unfit)

    assert bench.trusted() == [FIRST]


async def test_what_a_technician_brought_outlives_announcements(bench: Bench) -> None:
    await bench.trust.add(THIRD, who="technician", phone_id="p1")
    bench.keys.needed = SECOND

    await bench.announce(SECOND)

    assert bench.trusted() == [SECOND, THIRD]


async def test_Y11_what_a_technician_brings_while_announced_roots_are_tried_stays(bench: Bench) -> None:
    bench.keys.needed = SECOND
    bench.keys.while_tried = lambda: bench.trust.add(THIRD, who="technician", phone_id="p1")

    await bench.announce(SECOND)

    assert bench.trusted() == [SECOND, THIRD]


async def test_Y11_a_binding_while_announced_roots_are_tried_keeps_its_own_root(bench: Bench) -> None:
    async def bind_anew() -> None:
        bench.keys.kept = TrustedRoots(roots=(PortalRoot(pem=THIRD, source="binding", added_at=NOW),))

    bench.keys.needed = SECOND
    bench.keys.while_tried = bind_anew

    await bench.announce(SECOND)

    assert bench.trusted() == [SECOND, THIRD]


async def test_Y11_a_technician_adds_a_root_and_the_data_centre_is_asked_at_once(bench: Bench) -> None:
    view = await bench.trust.add(f"text before\n{SECOND}", who="technician", phone_id="p1")

    assert bench.trusted() == [FIRST, SECOND]
    assert bench.probes == 1
    assert (view.source, view.subject, view.added_at) == ("technician", "CN=second", NOW)
    entry = bench.keys.audit[-1]
    assert (entry.act, entry.who, entry.phone_id) == ("portal.root.add", "technician", "p1")
    assert entry.record == view.fingerprint


async def test_adding_a_root_again_keeps_it_once(bench: Bench) -> None:
    await bench.trust.add(SECOND, who="technician")
    await bench.trust.add(SECOND, who="technician")

    assert bench.trusted() == [FIRST, SECOND]


@pytest.mark.parametrize(
    ("pem", "kind"),
    [
        ("", CertificateUnreadable),
        (FIRST + SECOND, CertificateUnreadable),
        (
            issue_leaf(make_authority("a", (), NOW), ("x.local",), NOW).certificate.decode(),
            CertificateUnreadable,
        ),
        (root("ended", NOW - dt.timedelta(days=4000)), OutsideValidity),
        (root("to come", NOW + dt.timedelta(days=2)), OutsideValidity),
    ],
    ids=["empty", "two", "chain", "ended", "to come"],
)
async def test_what_is_no_root_is_refused_and_nothing_changes(
    bench: Bench, pem: str, kind: type[VisitBridgeError]
) -> None:
    with pytest.raises(kind):
        await bench.trust.add(pem, who="technician")

    assert (bench.trusted(), bench.keys.audit, bench.probes) == ([FIRST], [], 0)


async def test_a_servers_certificate_is_no_root(bench: Bench) -> None:
    authority = make_authority("a", (), NOW)
    chain = issue_leaf(authority, ("x.local",), NOW).certificate
    leaf = chain.removesuffix(authority.certificate).decode()

    with pytest.raises(NotAnAuthority):
        await bench.trust.add(leaf, who="technician")


async def test_a_root_can_be_removed_but_not_the_last(bench: Bench) -> None:
    added = await bench.trust.add(SECOND, who="technician")
    first = bench.trust.roots()[0].fingerprint

    await bench.trust.remove(first, who="technician", phone_id="p1")

    assert bench.trusted() == [SECOND]
    assert (bench.keys.audit[-1].act, bench.keys.audit[-1].record) == ("portal.root.remove", first)
    with pytest.raises(LastRoot):
        await bench.trust.remove(added.fingerprint, who="technician")
    with pytest.raises(NotFound):
        await bench.trust.remove(first, who="technician")
    assert bench.trusted() == [SECOND]


@pytest.mark.parametrize(("day", "renewals"), [(264, 0), (265, 1), (396, 1), (500, 1)])
async def test_the_certificate_is_renewed_when_a_third_of_its_life_is_left(
    bench: Bench, day: int, renewals: int
) -> None:
    bench.clock.jump(day * 86_400)

    await bench.trust.tend(STATUS)
    await bench.trust.tend(STATUS)

    assert bench.keys.renewals == renewals


@pytest.mark.parametrize("refusal", [DataCentreBusy(), LinkDown()], ids=["refused", "no line"])
async def test_a_refused_renewal_is_tried_again_later_and_told(
    bench: Bench, refusal: VisitBridgeError
) -> None:
    bench.clock.jump(300 * 86_400)
    bench.keys.refusal = refusal
    before = bench.keys.life

    await bench.trust.tend(STATUS)
    await bench.trust.tend(STATUS)
    assert (bench.keys.renewals, bench.keys.life) == (1, before)
    assert bench.board.snapshot()["portal"] == PortalTopic(
        certificate_ends_at=before.ends_at, renewal_due=True
    )

    bench.clock.advance(RETRY_S)
    bench.keys.refusal = None
    await bench.trust.tend(STATUS)

    assert bench.keys.renewals == 2
    assert bench.board.snapshot()["portal"] == PortalTopic(
        certificate_ends_at=bench.keys.life.ends_at, renewal_due=False
    )


def test_due_means_a_third_or_less() -> None:
    life = CertificateLife(begins_at=NOW, ends_at=NOW + dt.timedelta(days=300))

    assert not is_due(life, NOW + dt.timedelta(days=200) - dt.timedelta(seconds=1))
    assert is_due(life, NOW + dt.timedelta(days=200))
