"""Answers that a data centre should not give: each ends in an error of ours, and none of them is kept."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec import inspect

from tests.contract.datacentre_benches import BOX
from visitbridge.adapters.datacentre.client import HttpDataCentre
from visitbridge.adapters.datacentre.problems import error_of
from visitbridge.adapters.store import open_store
from visitbridge.domain.people import Institution
from visitbridge.errors import DataCentreBusy, DataCentreGarbled
from visitbridge.ports.store import Store
from visitbridge.protocols.datacentre.announcements import AnnouncementList
from visitbridge.protocols.datacentre.cards import ScriptStep, SessionStep
from visitbridge.protocols.datacentre.common import (
    BASE_PATH,
    HEADER_EPOCH,
    HEADER_TIME,
    Receipt,
    ReceiptStatus,
)
from visitbridge.protocols.datacentre.device import (
    BindAnswer,
    BindTicket,
    DeviceStatus,
    SamRecord,
    SamVerification,
)
from visitbridge.protocols.datacentre.uploads import DataSetInfo
from visitbridge.sim.clock import FakeClock

NOW = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)


def certificate_of_another_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "box")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + dt.timedelta(days=9))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


class Obliging:
    """A data centre that answers every binding with ``certificate_pem``."""

    def __init__(self) -> None:
        self.certificate_pem = ""
        self.url = ""

    async def bind(self, request: web.Request) -> web.Response:
        answer = BindAnswer(
            certificate_pem=self.certificate_pem,
            institution=Institution(code="3501200000", name="測試"),
            sam=SamRecord(
                sam_id="000000000000", valid_from=dt.date(2026, 1, 1), valid_until=dt.date(2027, 1, 1)
            ),
            dataset_group="default",
            receipt_key_hex="",
        )
        headers = {HEADER_EPOCH: "e", HEADER_TIME: NOW.isoformat()}
        return web.Response(body=msgspec.json.encode(answer), headers=headers)


@pytest.fixture
async def obliging() -> AsyncIterator[Obliging]:
    there = Obliging()
    app = web.Application()
    app.router.add_post(BASE_PATH + "/bind", there.bind)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    there.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield there
    await runner.cleanup()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "box.db", bytes(32), clock=FakeClock()) as opened:
        yield opened


@pytest.mark.parametrize(
    "certificate_pem",
    ["", "no PEM", certificate_of_another_key().replace("M", "N", 3), certificate_of_another_key()],
    ids=["empty", "no PEM", "damaged", "another key's"],
)
async def test_a_certificate_that_the_box_cannot_use_is_not_kept(
    obliging: Obliging, store: Store, certificate_pem: str
) -> None:
    """Kept, it would be taken up at every start, and no start would succeed."""
    obliging.certificate_pem = certificate_pem
    data_centre = HttpDataCentre(store, monotonic=time.monotonic)
    ticket = BindTicket(url=obliging.url, token="t", ca_pem=certificate_of_another_key())
    try:
        with pytest.raises(DataCentreGarbled):
            await data_centre.bind(ticket, "1234", BOX)
        await data_centre.start()
        assert not data_centre.is_bound
    finally:
        await data_centre.close()


@pytest.mark.parametrize("ca_pem", ["", "no PEM", "憑證"])
async def test_a_code_whose_root_is_none_is_refused(store: Store, ca_pem: str) -> None:
    data_centre = HttpDataCentre(store, monotonic=time.monotonic)
    with pytest.raises(DataCentreGarbled):
        await data_centre.bind(BindTicket(url="https://portal.test", token="t", ca_pem=ca_pem), "1234", BOX)


def moments(info: inspect.Type, seen: set[type], path: str) -> Iterator[tuple[str, bool | None]]:
    """Every moment in a type, by its path, and whether it has to have its offset."""
    match info:
        case inspect.DateTimeType():
            yield path, info.tz
        case inspect.Metadata():
            yield from moments(info.type, seen, path)
        case inspect.UnionType():
            for option in info.types:
                yield from moments(option, seen, path)
        case inspect.VarTupleType() | inspect.ListType():
            yield from moments(info.item_type, seen, path)
        case inspect.DictType():
            yield from moments(info.value_type, seen, path)
        case inspect.StructType() if info.cls not in seen:
            for field in info.fields:
                yield from moments(field.type, seen | {info.cls}, f"{path}.{field.name}")


@pytest.mark.parametrize(
    "answer",
    [SessionStep, Receipt, ReceiptStatus, DeviceStatus, SamVerification, BindAnswer, AnnouncementList],
)
def test_a_moment_without_its_offset_is_refused(answer: type[msgspec.Struct]) -> None:
    """It could be compared with nothing, and what is kept of an answer is compared at every start."""
    found = dict(moments(inspect.type_info(answer), set(), answer.__name__))

    assert [path for path, tz in found.items() if tz is not True] == []


@pytest.mark.parametrize("text", ["9" * 400, "99999999999", "86401"])
def test_nobody_waits_longer_than_a_day_because_an_answer_says_so(text: str) -> None:
    error: Any = error_of(503, {"Retry-After": text}, b"", repeatable=True)

    assert isinstance(error, DataCentreBusy)
    assert error.retry_after_s == 86_400


@pytest.mark.parametrize("apdu", ["", "00", "00A404", "00A40400 ", "00a40400"])
def test_what_is_no_command_for_a_card_is_refused(apdu: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({"apdu": apdu, "label": "x"}), type=ScriptStep)


SET = {
    "name": "drugs",
    "version": "20261122T100000000000Z",
    "rows": 1,
    "size_bytes": 9,
    "sha256": "0" * 64,
    "group": "夜間組",
}


@pytest.mark.parametrize(
    "change",
    [
        *({each: "../../../etc/x"} for each in ("name", "version", "group")),
        *({each: "a\x00b"} for each in ("name", "version", "group")),
        *({each: "x" * 41} for each in ("name", "version", "group")),
        {"name": ""},
        {"version": "a\\b"},
        {"size_bytes": 2**40},
        {"size_bytes": -1},
        {"rows": -1},
        {"sha256": "x"},
    ],
)
def test_V5_3_2_a_data_set_whose_name_leads_elsewhere_or_that_is_endless_is_refused(
    change: dict[str, object],
) -> None:
    """Its file is named by what the data centre says, and lies where the box keeps other files."""
    assert msgspec.convert(SET, DataSetInfo).group == "夜間組"
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(SET | change, DataSetInfo)
