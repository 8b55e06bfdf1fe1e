"""Staff sessions over TLS with virtual HPCs (rows F01-F05, A08)."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.vpnportal.box import Box
from tests.vpnportal.portal import RunningPortal
from tests.vpnportal.relay import run_card_session, run_script, sign_in, try_sign_in
from tests.vpnportal.samples import INSTITUTION, NOW
from visitbridge.domain.people import Right, StaffKind
from visitbridge.protocols.datacentre.cards import OpenCardSession, SessionStep
from visitbridge.protocols.datacentre.records import RecordsAnswer, RecordsQuery
from visitbridge.sim.card import build_card
from vpnportal.lab_data import LAB_PATIENTS
from vpnportal.staff import revoke_staff

LISTED = RecordsQuery(id_no=LAB_PATIENTS[0].id_no)


async def test_the_right_pin_gives_a_session_with_the_rights_of_the_person(box: Box) -> None:
    staff = await sign_in(box)
    assert (staff.staff_id, staff.id_no, staff.name, staff.kind) == (
        "T0001",
        "D100000001",
        "醫師樣本",
        StaffKind.DOCTOR,
    )
    assert Right.VISITS in staff.rights


@pytest.mark.parametrize(
    ("taipei_hour", "life"),
    [
        (10, dt.timedelta(hours=8)),
        (16, dt.timedelta(hours=8)),
        (17, dt.timedelta(hours=7)),
        (23, dt.timedelta(hours=1)),
    ],
)
async def test_it_lasts_to_the_earlier_of_eight_hours_and_midnight(
    portal: RunningPortal, bound: Box, taipei_hour: int, life: dt.timedelta
) -> None:
    portal.pass_time(dt.timedelta(hours=taipei_hour - 10))
    await bound.ask("POST", "/sam/verify")
    staff = await sign_in(bound)
    assert staff.valid_until - portal.clock.now() == life


async def test_a_wrong_pin_is_refused_with_the_tries_that_are_left(box: Box) -> None:
    problem = (await try_sign_in(box, pin=b"654321")).problem(403, "4042")
    assert problem.tries_left == 2


async def test_a_revoked_card_is_refused_and_its_running_session_ends(
    portal: RunningPortal, box: Box
) -> None:
    staff = await sign_in(box)
    portal.database.transact(lambda connection: revoke_staff(connection, INSTITUTION.code, "990000000001"))
    (await try_sign_in(box)).problem(403, "9130")
    (await box.ask("POST", "/records/query", LISTED, headers={"Staff-Token": staff.token})).problem(
        403, "9130"
    )


async def test_the_same_answers_again_give_the_same_session(box: Box) -> None:
    step = (await box.ask("POST", "/staff/sessions")).as_(SessionStep)
    assert step.script is not None
    answers = run_script(build_card("hpc-doctor"), step.script, b"123456")
    path = f"/staff/sessions/{step.session_id}/answers"
    first, second = await box.ask("POST", path, answers), await box.ask("POST", path, answers)
    assert first.as_(SessionStep).staff is not None
    assert first.body == second.body


async def test_other_answers_to_a_finished_sign_in_are_refused(box: Box) -> None:
    step = (await box.ask("POST", "/staff/sessions")).as_(SessionStep)
    assert step.script is not None
    path = f"/staff/sessions/{step.session_id}/answers"
    await box.ask("POST", path, run_script(build_card("hpc-doctor"), step.script, b"654321"))
    right = run_script(build_card("hpc-doctor"), step.script, b"123456")
    (await box.ask("POST", path, right)).problem(409, "batch_mismatch")


async def test_a_session_works_until_it_is_ended(box: Box) -> None:
    header = {"Staff-Token": (await sign_in(box)).token}
    await run_card_session(box, build_card("patient-wang"), "read", header["Staff-Token"])
    assert (await box.ask("POST", "/records/query", LISTED, headers=header)).as_(RecordsAnswer).as_of == NOW
    assert (await box.ask("DELETE", "/staff/sessions", headers=header)).status == 204
    (await box.ask("POST", "/records/query", LISTED, headers=header)).problem(403, "staff_required")


async def test_a_session_is_over_when_its_time_is(portal: RunningPortal, box: Box) -> None:
    staff = await sign_in(box)
    portal.pass_time(dt.timedelta(hours=8))
    answer = await box.ask("POST", "/records/query", LISTED, headers={"Staff-Token": staff.token})
    answer.problem(403, "staff_required")


async def test_a_token_is_worth_nothing_with_another_certificate(
    portal: RunningPortal, box: Box, other_box: Box
) -> None:
    staff = await sign_in(box)
    stolen = await other_box.ask("POST", "/records/query", LISTED, headers={"Staff-Token": staff.token})
    stolen.problem(403, "staff_required")
    opened = await other_box.ask(
        "POST", "/cards/sessions", OpenCardSession(purpose="read", staff_token=staff.token)
    )
    opened.problem(403, "staff_required")


async def test_a_sign_in_belongs_to_the_box_that_began_it(box: Box, other_box: Box) -> None:
    step = (await box.ask("POST", "/staff/sessions")).as_(SessionStep)
    assert step.script is not None
    answers = run_script(build_card("hpc-doctor"), step.script, b"123456")
    answer = await other_box.ask("POST", f"/staff/sessions/{step.session_id}/answers", answers)
    answer.problem(404, "unknown_session")


async def test_only_patients_on_the_list_are_shown_to_people_with_a_right(box: Box) -> None:
    header = {"Staff-Token": (await sign_in(box)).token}
    stranger = RecordsQuery(id_no="A987654320")
    (await box.ask("POST", "/records/query", stranger, headers=header)).problem(403, "records_refused")
