"""The modem adapter over a real pseudo-terminal, both families."""

from __future__ import annotations

import asyncio
import datetime as dt
from functools import partial
from pathlib import Path

import pytest

from tests.adapters.modem.bench import CLOCK, eventually, open_bench, quick
from visitbridge.adapters.modem.at_modem import AtModem
from visitbridge.adapters.modem.places import LinkedPort
from visitbridge.domain.modem import ApnAuth, Bearer, BearerState, Registration, SimState
from visitbridge.errors import ModemAbsent, ModemRefused, ModemSilent, Retry, SimPinRefused
from visitbridge.ports.modem import ModemNews, ModemSession
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.modem import Cure, FaultKind, ModemSetup, VirtualModem

BEARER = Bearer(apn="vpn.example")
FAMILIES = ["sim7600", "ec25"]
NOW = dt.datetime(2026, 11, 22, 1, 30, tzinfo=dt.UTC)


async def registered(session: ModemSession) -> None:
    news: list[ModemNews] = []
    session.when_told(news.append)
    state = await session.registration()
    if not state.has_data:
        await eventually(lambda: ModemNews.REGISTRATION in news)


@pytest.mark.parametrize("family", FAMILIES)
async def test_from_power_on_to_an_address(tmp_path: Path, family: str) -> None:
    async with (
        open_bench(tmp_path, ModemSetup(family=family)) as (virtual, modem),
        modem.open_session() as session,
    ):
        await registered(session)
        assert await session.sim() is SimState.READY
        assert not await session.knows_bearer(BEARER)
        await session.define_bearer(BEARER)
        assert await session.knows_bearer(BEARER)
        await session.activate(1)
        bearer = await session.bearer(1)
        signal = await session.signal()
        identity = await session.identity()
        operator = await session.operator()

    assert bearer == BearerState(
        active=True, apn="vpn.example", address="10.64.0.7", dns=("10.1.1.1", "10.1.1.2")
    )
    assert (signal.rssi_dbm, signal.rsrp_dbm, signal.bars) == (-71, -81, 4)
    assert identity.model in ("SIMCOM_SIM7600G-H", "EG25")
    assert operator == "Test Net"
    assert virtual.commands[0] == "ATE0V1"


@pytest.mark.parametrize(
    ("auth", "sent"),
    [
        (Bearer(apn="a"), "AT+CGAUTH=1,0"),
        (
            Bearer(apn="a", auth=ApnAuth.CHAP, user="box", password="secret"),
            'AT+CGAUTH=1,2,"box","secret"',
        ),
    ],
)
async def test_authentication_has_no_arguments_when_there_is_none(
    tmp_path: Path, auth: Bearer, sent: str
) -> None:
    async with open_bench(tmp_path) as (virtual, modem), modem.open_session() as session:
        await session.authenticate(auth)

    assert [line for line in virtual.commands if "CGAUTH" in line] == [sent]


@pytest.mark.parametrize("apn", ['vpn"\rAT+CFUN=0', "vpn.例", "vpn\n"])
async def test_an_apn_cannot_carry_a_command(tmp_path: Path, apn: str) -> None:
    async with open_bench(tmp_path) as (virtual, modem), modem.open_session() as session:
        with pytest.raises(ModemRefused) as caught:
            await session.define_bearer(Bearer(apn=apn))

    assert caught.value.retry is Retry.NEVER
    assert not [line for line in virtual.commands if "CFUN=0" in line]


async def test_tries_are_asked_of_the_card_when_the_modem_does_not_know(tmp_path: Path) -> None:
    setup = ModemSetup(sim_pin="1234", pin_tries=2, tells_tries=False)
    async with open_bench(tmp_path, setup) as (_, modem), modem.open_session() as session:
        assert await session.pin_tries() == 2


async def test_a_wrong_pin_is_told_and_a_right_one_opens(tmp_path: Path) -> None:
    async with (
        open_bench(tmp_path, ModemSetup(sim_pin="1234")) as (_, modem),
        modem.open_session() as session,
    ):
        assert await session.sim() is SimState.PIN
        with pytest.raises(SimPinRefused):
            await session.enter_pin("9999")
        assert await session.pin_tries() == 2
        await session.enter_pin("1234")
        assert await session.sim() is SimState.READY


@pytest.mark.parametrize(
    ("setup", "state"),
    [
        (ModemSetup(sim_present=False), SimState.ABSENT),
        (ModemSetup(sim_pin="1234", pin_tries=0), SimState.PUK),
    ],
)
async def test_what_is_wrong_with_the_sim(tmp_path: Path, setup: ModemSetup, state: SimState) -> None:
    async with open_bench(tmp_path, setup) as (_, modem), modem.open_session() as session:
        assert await session.sim() is state


@pytest.mark.parametrize(
    ("kind", "number", "retry"),
    [(FaultKind.PDP_STUCK, 148, Retry.LATER), (FaultKind.PDP_REFUSED, 149, Retry.NEVER)],
)
async def test_refusals_are_for_good_or_for_now(
    tmp_path: Path, kind: FaultKind, number: int, retry: Retry
) -> None:
    async with open_bench(tmp_path) as (virtual, modem), modem.open_session() as session:
        await registered(session)
        await session.define_bearer(BEARER)
        virtual.begin(kind)
        with pytest.raises(ModemRefused) as caught:
            await session.activate(1)

    assert (caught.value.cme, caught.value.retry) == (number, retry)


async def test_news_comes_without_asking(tmp_path: Path) -> None:
    news: list[ModemNews] = []
    async with open_bench(tmp_path) as (virtual, modem), modem.open_session() as session:
        await registered(session)
        session.when_told(news.append)
        virtual.begin(FaultKind.NO_SERVICE)
        virtual.drop_bearer()
        virtual.remove_sim()
        await eventually(lambda: len(news) >= 3)
        assert await session.registration() is Registration.IDLE

    assert {ModemNews.REGISTRATION, ModemNews.BEARER, ModemNews.SIM} <= set(news)


@pytest.mark.parametrize("noise", [b"\x00\xff\xfe garbage\r\n", b"\r\n\r\n\r\n", b"%%%\x1b[0m\r"])
async def test_garbage_and_storms_do_not_change_an_answer(tmp_path: Path, noise: bytes) -> None:
    async with open_bench(tmp_path) as (virtual, modem), modem.open_session() as session:
        await registered(session)
        virtual.add_noise(noise, storm=(b"+CGEV: NW MODIFY 1,0", 50))
        assert await session.registration() is Registration.HOME
        assert (await session.signal()).rssi_dbm == -71


async def test_a_modem_that_restarts_takes_its_port_away_and_brings_another(tmp_path: Path) -> None:
    news: list[ModemNews] = []
    async with open_bench(tmp_path) as (virtual, modem):
        before = virtual.link.readlink()
        async with modem.open_session() as session:
            session.when_told(news.append)
            await session.reset()
            await eventually(lambda: ModemNews.LOST in news)
            with pytest.raises(ModemAbsent):
                await session.sim()
        await eventually(modem.is_present)
        async with modem.open_session() as session:
            assert await session.sim() is SimState.READY
        assert virtual.link.readlink() != before or virtual.restarts == 1


async def test_unplugged_in_the_middle_of_a_command(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as (virtual, modem), modem.open_session() as session:
        virtual.begin(FaultKind.SILENT)
        asyncio.get_running_loop().call_later(0.05, virtual.unplug)
        with pytest.raises(ModemAbsent):
            await session.identity()


async def test_a_port_that_somebody_else_holds(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as (virtual, modem), modem.open_session():
        second = AtModem(LinkedPort(virtual.link, allow_virtual=True), quick("sim7600"), CLOCK)
        with pytest.raises(ModemAbsent):
            async with second.open_session():
                raise AssertionError("opened twice")


async def test_no_modem(tmp_path: Path) -> None:
    modem = AtModem(LinkedPort(tmp_path / "nothing"), quick("sim7600"), CLOCK)

    assert not modem.is_present()
    with pytest.raises(ModemAbsent):
        async with modem.open_session():
            raise AssertionError("opened nothing")


async def test_a_simulated_modem_is_not_there_unless_allowed(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as (virtual, allowed):
        assert allowed.is_present()
        assert not AtModem(LinkedPort(virtual.link), quick("sim7600"), CLOCK).is_present()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("told", "expected"),
    [(NOW, True), (None, False)],
)
async def test_network_time(tmp_path: Path, family: str, told: dt.datetime | None, expected: bool) -> None:
    """Quectel's clock holds GMT with the zone beside it; read by 27.007 it would be eight hours early."""
    async with (
        open_bench(tmp_path, ModemSetup(family=family, network_time=told)) as (_, modem),
        modem.open_session() as session,
    ):
        await registered(session)
        moment = await session.network_time()

    assert (moment is not None) is expected
    assert moment is None or abs(moment - NOW) < dt.timedelta(minutes=5)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("place", [(25.03309, 121.5652), None])
async def test_position_in_both_dialects(
    tmp_path: Path, family: str, place: tuple[float, float] | None
) -> None:
    setup = ModemSetup(family=family, position=place, network_time=NOW)
    async with open_bench(tmp_path, setup) as (virtual, modem), modem.open_session() as session:
        await registered(session)
        assert await session.position() is None
        fix = await session.position()
        again = await session.position()

    assert (fix is None) is (place is None)
    assert fix is None or (round(fix.latitude_deg, 4), round(fix.longitude_deg, 4)) == (25.0331, 121.5652)
    assert (again is None) is (fix is None)
    assert sum("GPS=1" in line for line in virtual.commands) == 1


async def test_radio_and_attachment_are_cycled(tmp_path: Path) -> None:
    async with open_bench(tmp_path) as (virtual, modem), modem.open_session() as session:
        await registered(session)
        virtual.begin(FaultKind.NO_TRAFFIC, Cure.RADIO)
        await session.reattach()
        await session.cycle_radio()
        await session.radio_on()
        await registered(session)
        assert FaultKind.NO_TRAFFIC not in virtual.faults

    wanted = ["AT+CGATT=0", "AT+CGATT=1", "AT+CFUN=0", "AT+CFUN=1"]
    assert [line for line in virtual.commands if line in wanted] == wanted


def _has_asked(virtual: VirtualModem, count: int) -> bool:
    return len(virtual.commands) == count


async def test_silence_is_found_out_by_probes(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_bench(tmp_path) as (virtual, _):
        virtual.begin(FaultKind.SILENT)
        session = AtModem(
            LinkedPort(virtual.link, allow_virtual=True), quick("sim7600"), clock
        ).open_session()
        opening = asyncio.ensure_future(session.__aenter__())
        for asked in range(1, 6):
            await eventually(partial(_has_asked, virtual, asked))
            await eventually(lambda: clock.sleepers == 1)
            clock.advance(2.0)
        with pytest.raises(ModemSilent):
            await opening
        assert virtual.commands == ["ATE0V1", "AT+CMEE?", "AT+CFUN?", "AT+CSCS?", "AT+CCLK?"]
