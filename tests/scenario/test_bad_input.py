"""What goes wrong in people's hands: each with its code and words, and nothing lost (issue list of the first visit)."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import AsyncIterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.scenario.day import Day, Json, open_day, open_day_on_small_disk
from visitbridge.protocols.datacentre.device import BindTicket, encode_ticket
from visitbridge.sim.card.profiles import LAB_PIN

DIAGNOSIS = {"subjective": "頭暈", "diagnoses": [{"code": "I10", "name_zh": "高血壓"}]}


@pytest.fixture
async def draft(day: Day) -> Json:
    """A signed-in doctor, the patient's card in the reader, and a saved draft."""
    await day.sign_in()
    await day.insert("patient-wang")
    visit = await day.start()
    await day.save(visit, DIAGNOSIS)
    return visit


async def _stored(day: Day, visit: Json) -> Json:
    return (await day.call("GET", f"/api/visits/{visit['visit']['visit_id']}"))["visit"]


def _is_said(error: Json, code: str) -> bool:
    """The code, and what happened, where the data is and what to do, in words."""
    return error["code"] == code and all(error["words"][part] for part in ("what", "where", "now"))


def _strange_authority() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nobody we know")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


async def _portal_url(day: Day) -> str:
    """Where the box was told to find its data centre; the relay keeps its port."""
    config = tomllib.loads(day.places.config.read_text("utf-8"))
    return f"https://{config['datacentre']['connect']}"


async def test_a_wrong_pin_says_how_many_tries_are_left_and_three_lock_the_card(day: Day) -> None:
    await day.insert("hpc-doctor")
    order = {"reader_id": await day.reader(), "pin": "000000"}
    answers = [await day.call("POST", "/api/staff/sessions", order) for _ in range(3)]
    assert [_is_said(answer, "GW-CRD-06") for answer in answers] == [True, True, False]
    assert [answer["params"].get("tries_left") for answer in answers[:2]] == [2, 1]
    assert _is_said(answers[2], "GW-CRD-07")
    right = await day.call("POST", "/api/staff/sessions", {**order, "pin": LAB_PIN})
    assert _is_said(right, "GW-CRD-07")


@pytest.mark.parametrize(
    ("card_id", "kind", "code"),
    [
        ("other-card", "unknown", "GW-CRD-04"),
        ("mute-card", "mute", "GW-CRD-03"),
        ("hpc-doctor", "hpc", "GW-CRD-04"),
    ],
)
async def test_what_is_no_patients_card_starts_no_visit(day: Day, card_id: str, kind: str, code: str) -> None:
    await day.sign_in("hpc-nurse")
    slot = await day.insert(card_id)
    assert slot["kind"] == kind
    assert _is_said(await day.start(), code)


async def test_a_card_pulled_while_it_is_read_is_read_when_it_comes_back(day: Day) -> None:
    await day.sign_in()
    order = {"reader_id": await day.reader(), "pull": {"when": "during", "nth": 2}}
    await day.lab.ask("POST", "/cards/patient-wang/insert", order)
    await day.until("/api/state", lambda state: state["cards"]["readers"][0]["card"]["kind"] == "none")
    slot = await day.insert("patient-wang")
    assert slot["patient"]["name"] == "王測試"


async def test_an_unknown_code_names_its_place_and_leaves_the_draft(day: Day, draft: Json) -> None:
    content = {"diagnoses": [{"code": "I10"}, {"code": "Z99X9"}]}
    error = await day.save(draft, content)
    assert _is_said(error, "GW-REQ-06")
    assert error["field"] == "content.diagnoses[1].code"
    assert (await _stored(day, draft))["content"]["subjective"] == "頭暈"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"subjective": 7}, "GW-REQ-01"),
        ({"subjective": "長" * 5000}, "GW-REQ-01"),
        ({"no_such_field": 1}, "GW-REQ-01"),
        ({"objective": "x" * 300_000}, "GW-REQ-03"),
    ],
)
async def test_a_body_of_the_wrong_shape_is_refused_whole(
    day: Day, draft: Json, content: Json, code: str
) -> None:
    error = await day.save(draft, content)
    assert _is_said(error, code)
    assert (await _stored(day, draft))["content"]["subjective"] == "頭暈"


async def test_a_certificate_that_is_not_the_portals_is_not_trusted(day: Day) -> None:
    """The box is bound anew to a data centre whose QR-2 names another authority."""
    ticket = encode_ticket(BindTicket(url=await _portal_url(day), token="t", ca_pem=_strange_authority()))
    error = await day.call("POST", "/api/box/binding", {"ticket": ticket, "pin": "0000", "name": "x"})
    assert _is_said(error, "GW-LNK-05")
    assert (await day.call("GET", "/api/box"))["bound"]


async def test_a_full_disk_is_said_and_the_old_draft_stays() -> None:
    async with open_day_on_small_disk("96m") as (day, filler):
        await day.sign_in()
        await day.insert("patient-wang")
        visit = await day.start()
        await day.save(visit, DIAGNOSIS)
        with pytest.raises(OSError, match="No space left"):
            filler.write_bytes(bytes(128 * 1024 * 1024))
        # SQLite may still have room in the pages that its log holds already.
        tries = [await day.save(visit, {**DIAGNOSIS, "subjective": f"第 {n} 次" * 300}) for n in range(60)]
        refused = [error for error in tries if "code" in error]
        assert refused
        assert all(_is_said(error, "GW-STO-01") for error in refused)
        kept = (await _stored(day, visit))["revision"]
        filler.unlink()
        assert kept == visit["visit"]["revision"]
        assert "saved_at" in await day.save(visit, {**DIAGNOSIS, "subjective": "現在可以"})
        assert (await _stored(day, visit))["content"]["subjective"] == "現在可以"


@pytest.fixture
async def short_day() -> AsyncIterator[Day]:
    """A box whose staff sessions end after twelve seconds."""
    async with open_day(config="[policy]\nstaff_max_hours = 0.00334\n") as opened:
        yield opened


async def test_a_staff_session_that_ends_in_the_middle_of_a_draft_costs_nothing(short_day: Day) -> None:
    day = short_day
    await day.insert("patient-wang", reader=1)
    await day.sign_in()
    visit = await day.start(reader=1)
    await day.save(visit, DIAGNOSIS)
    await day.until("/api/state", lambda state: not state["staff"]["sessions"])
    assert "saved_at" in await day.save(visit, {**DIAGNOSIS, "subjective": "還在"})
    finished = await day.finish(visit)
    assert finished["flags"]["saved"] == "done"
    reasons = {
        reason["code"]
        for item in (await day.call("GET", "/api/outbox"))["items"]
        for reason in item["waiting_for"]
    }
    assert "waiting.staff" in reasons


async def test_without_trusted_time_a_visit_is_kept_and_goes_out_once_the_time_is_known(day: Day) -> None:
    await day.sign_in()
    await day.program("gateway", "stop")
    await day.lab.ask("POST", "/link", {"mode": "down"})
    await day.program("gateway", "start")
    await day.until("/api/state", lambda state: state["time"]["trust"] == "untrusted")
    await day.insert("patient-lin")
    visit = await day.start()
    assert not visit["visit"]["clock_trusted"]
    await day.save(visit, DIAGNOSIS)
    await day.finish(visit)
    await day.link("up", shown="unstable,good")
    await day.flags(visit, vpn="done", ic="done")
    assert len(day.uploads("visit")) == 1


async def test_malformed_json_is_said_as_such(day: Day, draft: Json) -> None:
    path = f"/api/visits/{draft['visit']['visit_id']}/content"
    status, answer = await day.send_raw("PUT", path, b'{"revision": 1, "content"')
    assert status == 400
    assert _is_said(answer["error"], "GW-REQ-01")
