"""Bad input over real HTTPS: each gets a code, words and the field at fault, and reaches no handler."""

from __future__ import annotations

import asyncio
import gzip
import logging
import ssl
import sys
from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
import pytest
import pytest_asyncio
from msgspec import Meta

from tests.api.house import House, Phone, open_house
from tests.patience import PATIENCE_S
from visitbridge.api.access_log import WithoutContent
from visitbridge.api.dispatch import COOKIE
from visitbridge.api.routes import PAIRED, PHOTO_LIMIT_BYTES, PHOTO_TYPES, Call, NoQuery, Route, signed_in
from visitbridge.domain.people import Right
from visitbridge.errors import Rejected, StoreFull, UnknownCode
from visitbridge.sim.clock import FakeClock

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Ordered(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: Annotated[str, Meta(max_length=20)]
    days: Annotated[int, Meta(ge=0, le=92)] = 0


class Prescription(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    orders: tuple[Ordered, ...]
    note: str = ""


class Range(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(ge=1, le=5)] = 3


class Echo(msgspec.Struct, frozen=True, kw_only=True):
    value: str


class Desk:
    """Handlers that count what reaches them."""

    def __init__(self) -> None:
        self.reached = 0
        self.at_work: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    def routes(self) -> list[Route[Any, Any, Any]]:
        return [
            self._route("POST", "/api/test/orders", self.take, body=Prescription),
            self._route("GET", "/api/test/range", self.show, query=Range),
            self._route("POST", "/api/test/empty", self.empty),
            self._route(
                "POST", "/api/test/photo", self.photo, body=bytes, consumes=PHOTO_TYPES, limit_bytes=1024
            ),
            self._route(
                "POST",
                "/api/test/large",
                self.large,
                body=bytes,
                consumes=PHOTO_TYPES,
                limit_bytes=PHOTO_LIMIT_BYTES,
            ),
            self._route("POST", "/api/test/unknown-code", self.unknown_code),
            self._route("POST", "/api/test/full", self.full),
            self._route("POST", "/api/test/rejected", self.rejected),
            self._route("POST", "/api/test/bug", self.bug),
            self._route("GET", "/api/test/things/{thing_id}", self.thing),
            self._route("POST", "/api/test/signed-in", self.empty, access=signed_in()),
            self._route("POST", "/api/test/visits", self.empty, access=signed_in(Right.VISITS)),
        ]

    @staticmethod
    def _route(method: Any, path: str, handler: Any, **more: Any) -> Route[Any, Any, Any]:
        given: dict[str, Any] = {"access": PAIRED, "answer": Echo, "summary": "test"} | more
        return Route(method=method, path=path, handler=handler, **given)

    async def take(self, call: Call[NoQuery, Prescription]) -> Echo:
        self.reached += 1
        return Echo(value=call.body.orders[0].code)

    async def show(self, call: Call[Range, None]) -> Echo:
        self.reached += 1
        return Echo(value=str(call.query.limit))

    async def empty(self, call: Call[NoQuery, None]) -> Echo:
        self.reached += 1
        return Echo(value="reached")

    async def photo(self, call: Call[NoQuery, bytes]) -> Echo:
        self.reached += 1
        return Echo(value=str(len(call.body)))

    async def large(self, call: Call[NoQuery, bytes]) -> Echo:
        """Works on each until ``go_on``, but for an empty one."""
        self.at_work[call.phone_id] += 1
        self.most[call.phone_id] = max(self.most[call.phone_id], self.at_work[call.phone_id])
        if call.body:
            self.begun.set()
            await self.go_on.wait()
        self.at_work[call.phone_id] -= 1
        return Echo(value=str(len(call.body)))

    async def thing(self, call: Call[NoQuery, None]) -> Echo:
        return Echo(value=call.path["thing_id"])

    async def unknown_code(self, call: Call[NoQuery, None]) -> Echo:
        raise UnknownCode("not in icd10", field="diagnoses[0].code")

    async def full(self, call: Call[NoQuery, None]) -> Echo:
        raise StoreFull("no space")

    async def rejected(self, call: Call[NoQuery, None]) -> Echo:
        raise Rejected("check", insurer_code="Y014", words="科別代碼不符", field="claim.department")

    async def bug(self, call: Call[NoQuery, None]) -> Echo:
        raise RuntimeError("patient 王小明 A123456788")


@pytest.fixture(scope="module")
def only_desk() -> Desk:
    return Desk()


@pytest.fixture
def desk(only_desk: Desk) -> Desk:
    only_desk.reached = 0
    return only_desk


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory, only_desk: Desk) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("house")
    async with open_house(folder, FakeClock(), routes=only_desk.routes()) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def phone(house: House) -> Phone:
    return await house.pair()


async def open_raw(house: House) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which a test writes every byte itself."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return await asyncio.open_connection("127.0.0.1", house.port, ssl=context)


async def send(
    house: House, phone: Phone, body: bytes, path: str = "/api/test/orders", **headers: str
) -> Any:
    return await house.ask("POST", path, data=body, headers=headers, cookie=phone.cookie)


async def test_a_good_body_is_decoded_and_the_answer_is_bare(house: House, phone: Phone) -> None:
    answer = await phone.post("/api/test/orders", {"orders": [{"code": "A05", "days": 7}]})

    assert (answer.status, answer.json) == (200, {"value": "A05"})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", None),
        (b"{", None),
        (b"null", None),
        (b"[]", None),
        (b"\xff\xfe", None),
        (b'{"orders": [}', None),
        (b'{"orders": [{"code": "\xb7"}]}', None),
        (b"[" * 100_000, None),
        (b"{}", "orders"),
        (b'{"orders": "x"}', "orders"),
        (b'{"orders": [{"code": "A"}, {"code": "B", "days": 93}]}', "orders[1].days"),
        (b'{"orders": [{"days": 1}]}', "orders[0].code"),
        (b'{"orders": [{"code": 7}]}', "orders[0].code"),
        (b'{"orders": [{"code": "A", "days": 1.5}]}', "orders[0].days"),
        (b'{"orders": [{"code": "A", "dayz": 1}]}', "orders[0].dayz"),
        (b'{"orders": [], "extra": 1}', "extra"),
    ],
)
async def test_a_malformed_body_is_refused_with_its_field(
    house: House, phone: Phone, desk: Desk, body: bytes, field: str | None
) -> None:
    answer = await send(house, phone, body)

    assert (answer.status, answer.code) == (400, "GW-REQ-01")
    assert answer.json["error"].get("field") == field
    assert answer.json["error"]["retry"] == "never"
    assert answer.json["error"]["words"]["where"] == "這次沒有存下來，先前存的都還在。"
    assert desk.reached == 0


async def test_an_error_never_repeats_what_was_sent(house: House, phone: Phone) -> None:
    answer = await send(house, phone, '{"orders": [{"code": "王小明 A123456788 and more"}]}'.encode())

    assert answer.status == 400
    assert "A123456788" not in answer.body.decode()
    assert "王小明" not in answer.body.decode()


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "image/png", ""],
)
async def test_another_media_type_is_refused(
    house: House, phone: Phone, desk: Desk, content_type: str
) -> None:
    answer = await send(house, phone, b'{"orders": []}', **{"Content-Type": content_type})

    assert (answer.status, answer.code) == (400, "GW-REQ-01")
    assert answer.json["error"]["field"] == "content-type"
    assert desk.reached == 0


async def test_a_charset_may_be_named(house: House, phone: Phone) -> None:
    answer = await send(
        house, phone, b'{"orders": [{"code": "A"}]}', **{"Content-Type": "application/json; charset=utf-8"}
    )

    assert answer.status == 200


@pytest.mark.parametrize(("size", "status"), [(256 * 1024, 200), (256 * 1024 + 1, 413)])
async def test_a_body_has_a_limit(house: House, phone: Phone, size: int, status: int) -> None:
    head, tail = b'{"orders": [{"code": "A"}], "note": "', b'"}'

    answer = await send(house, phone, head + b"x" * (size - len(head) - len(tail)) + tail)

    assert answer.status == status


async def test_the_limit_is_told(house: House, phone: Phone, desk: Desk) -> None:
    answer = await send(house, phone, b" " * (300 * 1024))

    assert answer.code == "GW-REQ-03"
    assert answer.json["error"]["params"] == {"limit_kb": 256}
    assert "256 KB" in answer.json["error"]["words"]["what"]
    assert desk.reached == 0


async def test_a_body_without_a_length_is_cut_off_at_the_limit(
    house: House, phone: Phone, desk: Desk
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b" " * 65536

    async with house.http.post(
        f"{house.origin}/api/test/orders",
        data=endless(),
        headers={
            "Origin": house.origin,
            "Cookie": f"__Host-vb={phone.cookie}",
            "Content-Type": "application/json",
        },
    ) as answer:
        assert answer.status == 413
    assert desk.reached == 0


async def test_a_compressed_body_is_not_unpacked(house: House, phone: Phone, desk: Desk) -> None:
    bomb = gzip.compress(b'{"orders": [], "note": "' + b"x" * 10_000_000 + b'"}')

    answer = await send(house, phone, bomb, **{"Content-Encoding": "gzip"})

    assert (answer.status, answer.code) == (400, "GW-REQ-01")
    assert desk.reached == 0


@pytest.mark.parametrize("body", [b"", b"{}", b" {} "])
async def test_an_operation_without_a_body_takes_nothing_or_an_empty_object(
    house: House, phone: Phone, body: bytes
) -> None:
    assert (await send(house, phone, body, "/api/test/empty")).status == 200


@pytest.mark.parametrize("body", [b'{"a": 1}', b"[]", b"x"])
async def test_an_operation_without_a_body_takes_nothing_else(
    house: House, phone: Phone, desk: Desk, body: bytes
) -> None:
    assert (await send(house, phone, body, "/api/test/empty")).code == "GW-REQ-01"
    assert desk.reached == 0


@pytest.mark.parametrize(
    ("content_type", "size", "status"),
    [("image/jpeg", 1024, 200), ("image/png", 10, 200), ("image/gif", 10, 400), ("image/jpeg", 1025, 413)],
)
async def test_a_photo_is_raw_bytes_of_two_types_within_its_own_limit(
    house: House, phone: Phone, content_type: str, size: int, status: int
) -> None:
    answer = await send(house, phone, b"\xff" * size, "/api/test/photo", **{"Content-Type": content_type})

    assert answer.status == status


async def test_a_phone_that_sends_many_photos_at_once_takes_the_memory_of_one(
    house: House, phone: Phone, desk: Desk
) -> None:
    """And holds up no other phone."""
    other = await house.pair("other")
    jpeg = {"Content-Type": "image/jpeg"}
    many = [asyncio.create_task(send(house, phone, b"x", "/api/test/large", **jpeg)) for _ in range(6)]
    await desk.begun.wait()
    for _ in range(20):
        assert (await send(house, other, b"", "/api/test/large", **jpeg)).status == 200
    desk.go_on.set()
    answers = await asyncio.gather(*many)

    assert {answer.status for answer in answers} == {200}
    assert desk.most == {phone.phone_id: 1, other.phone_id: 1}


@pytest.mark.parametrize(("query", "value"), [("", "3"), ("?limit=5", "5")])
async def test_a_query_is_typed(house: House, phone: Phone, query: str, value: str) -> None:
    assert (await phone.get(f"/api/test/range{query}")).json == {"value": value}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?limit=6", "limit"),
        ("?limit=x", "limit"),
        ("?limit=", "limit"),
        ("?limit=1&limit=2", "limit"),
        ("?page=1", "page"),
    ],
)
async def test_a_wrong_query_is_refused_with_its_name(
    house: House, phone: Phone, query: str, field: str
) -> None:
    answer = await phone.get(f"/api/test/range{query}")

    assert (answer.status, answer.json["error"].get("field")) == (400, field)


@pytest.mark.parametrize("thing", ["A-1", "王", "a.b:c", "a%20b", "..%2f.."])
async def test_a_path_parameter_is_one_segment(house: House, phone: Phone, thing: str) -> None:
    answer = await phone.get(f"/api/test/things/{thing}")

    assert answer.status in {200, 404}


async def test_an_endless_path_parameter_is_not_found(house: House, phone: Phone) -> None:
    assert (await phone.get(f"/api/test/things/{'x' * 129}")).code == "GW-REQ-04"


async def test_an_unknown_code_names_its_field(house: House, phone: Phone) -> None:
    answer = await phone.post("/api/test/unknown-code")

    assert (answer.status, answer.code) == (422, "GW-REQ-06")
    assert answer.json["error"]["field"] == "diagnoses[0].code"


async def test_a_full_disk_is_told_and_is_no_success(house: House, phone: Phone) -> None:
    answer = await phone.post("/api/test/full")

    assert (answer.status, answer.code) == (507, "GW-STO-01")
    assert answer.json["error"]["retry"] == "later"


async def test_the_insurers_words_are_passed_on_as_they_are(house: House, phone: Phone) -> None:
    error = (await phone.post("/api/test/rejected")).json["error"]

    assert error["verbatim"] == "科別代碼不符"
    assert error["field"] == "claim.department"
    assert error["params"] == {"insurer_code": "Y014"}


async def test_a_bug_is_an_answer_without_its_content(
    house: House, phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await phone.post("/api/test/bug")

    assert (answer.status, answer.code) == (500, "GW-000")
    (record,) = [record for record in caplog.records if record.name == "visitbridge.api.guard"]
    assert "RuntimeError" in str(vars(record)["fields"])
    assert "Desk.bug" in str(vars(record)["fields"])
    for text in (answer.body.decode(), caplog.text, str([vars(entry) for entry in caplog.records])):
        assert "A123456788" not in text


@pytest.mark.parametrize("cookie", ["", "x", "A" * 43, '"', "字"])
async def test_without_a_session_no_body_is_read(house: House, desk: Desk, cookie: str) -> None:
    answer = await house.ask("POST", "/api/test/orders", data=b"{", cookie=cookie)

    assert (answer.status, answer.code) == (401, "GW-ACC-01")
    assert desk.reached == 0


async def test_who_was_removed_while_the_body_was_on_its_way_is_out(
    house: House, phone: Phone, desk: Desk
) -> None:
    """A head that was let in is no ticket for what follows it half a minute later."""
    other = await house.pair("removed")
    reader, writer = await open_raw(house)
    body = b'{"orders": [{"code": "A"}]}'
    writer.write(
        f"POST /api/test/orders HTTP/1.1\r\nHost: 127.0.0.1:{house.port}\r\nOrigin: {house.origin}\r\n"
        f"Cookie: {COOKIE}={other.cookie}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n".encode()
    )
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
    assert (await phone.get("/api/phones")).status == 200
    await house.phones.remove(other.phone_id, by=phone.phone_id)
    writer.write(body)
    answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"GW-ACC-17" in answer
    assert desk.reached == 0


async def test_a_rule_asks_for_a_person_and_for_a_right(house: House, phone: Phone) -> None:
    nobody = await phone.post("/api/test/signed-in")
    house.staff.sign_in(phone.phone_id, Right.DISPENSING)
    somebody = await phone.post("/api/test/signed-in")
    without = await phone.post("/api/test/visits")
    house.staff.sign_in(phone.phone_id, Right.DISPENSING, Right.VISITS)
    granted = await phone.post("/api/test/visits")

    assert [answer.code for answer in (nobody, somebody, without, granted)] == [
        "GW-ACC-02",
        "",
        "GW-ACC-04",
        "",
    ]
    assert without.json["error"]["params"] == {"right": "QPB"}


async def test_a_person_signed_in_on_another_phone_does_not_count(house: House, phone: Phone) -> None:
    other = await house.pair("other")
    house.staff.sign_in(other.phone_id, Right.VISITS)

    assert (await phone.post("/api/test/visits")).code == "GW-ACC-02"


async def test_the_access_log_names_routes_and_no_ids(
    house: House, phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="visitbridge.access"):
        await phone.get("/api/test/things/A123456788?x=secret")

    (record,) = [record for record in caplog.records if record.name == "visitbridge.access"]
    fields = vars(record)["fields"]
    assert (fields["method"], fields["route"], fields["status"]) == (
        "GET",
        "/api/test/things/{thing_id}",
        400,
    )
    assert "A123456788" not in str(vars(record))
    assert "secret" not in str(vars(record))


class Line(logging.Handler):
    """``written``: the access log has another line."""

    def __init__(self) -> None:
        super().__init__()
        self.written = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.written.set()


SECRET = "A123456788"
UNUSABLE = {
    "bare line feeds": f"GET /api/phones HTTP/1.1\nHost: x\nCookie: {SECRET}\n\n",
    "a folded header": f"GET /api/phones HTTP/1.1\r\nHost: x\r\n {SECRET}\r\n\r\n",
    "a method that is none": f"GE{{T /{SECRET} HTTP/1.1\r\nHost: x\r\n\r\n",
    "two lengths": f"POST /{SECRET} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 9\r\n\r\n",
    "a long header": f"GET / HTTP/1.1\r\nHost: x\r\nX: {SECRET}{'a' * 20_000}\r\n\r\n",
    "a broken chunk": f"POST /api/phones HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{SECRET}\r\n",
}


@pytest.mark.parametrize("sent", UNUSABLE.values(), ids=UNUSABLE)
async def test_V16_2_5_of_what_is_no_request_nothing_is_written_down_but_that_it_came(
    house: House, caplog: pytest.LogCaptureFixture, sent: str
) -> None:
    """A library that quotes what it cannot read would write cookies, and whatever a stranger likes, into the journal."""
    access, line = logging.getLogger("visitbridge.access"), Line()
    access.addHandler(line)
    try:
        with caplog.at_level("DEBUG"):
            reader, writer = await open_raw(house)
            writer.write(sent.encode())
            assert b" 4" in await reader.readline()
            writer.close()
            await asyncio.wait_for(line.written.wait(), PATIENCE_S)
    finally:
        access.removeHandler(line)
    lines = [each for each in caplog.records if each.name == "visitbridge.access"]

    assert [vars(line)["fields"]["status"] // 100 for line in lines] == [4]
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING] == []
    assert SECRET not in "".join(f"{each.getMessage()} {vars(each)}" for each in caplog.records)


async def test_a_bug_of_the_library_is_written_down_without_what_it_quotes() -> None:
    heard = logging.LogRecord("visitbridge.http", logging.ERROR, "", 0, "for %s", (SECRET,), None)
    try:
        raise RuntimeError(SECRET)
    except RuntimeError:
        heard.exc_info = sys.exc_info()

    assert WithoutContent().filter(heard)
    assert heard.levelno == logging.ERROR
    assert vars(heard)["fields"]["error"] == "RuntimeError"
    assert SECRET not in f"{heard.getMessage()} {vars(heard)}"


async def test_a_line_that_is_no_http_is_dropped_and_the_box_goes_on(house: House) -> None:
    reader, writer = await open_raw(house)
    writer.write(b"\x16\x03 nonsense\r\n\r\n")
    first = await reader.readline()
    writer.close()
    await writer.wait_closed()

    assert b"400" in first
    assert (await house.ask("GET", "/api/alive")).status == 200
