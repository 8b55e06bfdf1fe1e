"""What each class of error means in each durable state: the row of issue 3 that no error may bend."""

from __future__ import annotations

import pytest

from visitbridge.domain.backoff import BackoffClass
from visitbridge.domain.job_states import Move, Path, allows
from visitbridge.domain.jobs import JobState
from visitbridge.errors import (
    CardBeingRead,
    CardError,
    CardRefused,
    CardRemoved,
    DataCentreBusy,
    DataCentreGarbled,
    DeviceDisabled,
    DeviceTimeout,
    FieldInvalid,
    KeyConflict,
    LinkDown,
    NotBound,
    PortalUntrusted,
    ReaderBusy,
    ReceiptRefused,
    Rejected,
    ReplyLost,
    Retry,
    RightMissing,
    SamNotVerified,
    StaffExpired,
    StaffTokenRefused,
    VisitBridgeError,
    WrongCard,
)
from visitbridge.services.outbox.verdict import judge

ERRORS: list[VisitBridgeError] = [
    CardBeingRead(),
    CardError(field="birth_date"),
    CardRefused(),
    CardRemoved(),
    DataCentreBusy(),
    DataCentreGarbled(),
    DeviceDisabled(),
    DeviceTimeout(),
    FieldInvalid(field="x"),
    KeyConflict(),
    LinkDown(),
    NotBound(),
    PortalUntrusted(),
    ReaderBusy(),
    ReceiptRefused(),
    Rejected(),
    ReplyLost(),
    RightMissing(),
    SamNotVerified(),
    StaffExpired(),
    StaffTokenRefused(),
    WrongCard(),
    WrongCard(retry=Retry.UNKNOWN),
    CardRemoved(retry=Retry.LATER),
]
IN_HAND = [
    (Path.UPLOAD, JobState.LEASED),
    (Path.UPLOAD, JobState.EXECUTING),
    (Path.UPLOAD, JobState.UNKNOWN),
    (Path.CARD, JobState.LEASED),
    (Path.CARD, JobState.PREPARED),
    (Path.CARD, JobState.EXECUTING),
    (Path.CARD, JobState.UNKNOWN),
    (Path.CARD, JobState.WRITTEN),
    (Path.QUERY, JobState.LEASED),
]


@pytest.mark.parametrize(("path", "state"), IN_HAND)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{type(error).__name__}-{error.retry.value}")
def test_every_verdict_is_a_move_that_exists(path: Path, state: JobState, error: VisitBridgeError) -> None:
    assert allows(path, state, judge(path, state, error).move)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{type(error).__name__}-{error.retry.value}")
def test_no_error_takes_a_card_job_out_of_doubt(error: VisitBridgeError) -> None:
    assert judge(Path.CARD, JobState.EXECUTING, error).move is Move.DOUBT
    assert judge(Path.CARD, JobState.UNKNOWN, error).move is Move.DEFER
    assert judge(Path.CARD, JobState.WRITTEN, error).move is Move.DEFER


@pytest.mark.parametrize(
    ("error", "move", "backoff", "needs_person"),
    [
        (ReplyLost(), Move.DOUBT, BackoffClass.ASK, False),
        (DataCentreGarbled(), Move.DOUBT, BackoffClass.ASK, False),
        (ReceiptRefused(), Move.DOUBT, BackoffClass.ASK, False),
        (LinkDown(), Move.PUT_BACK, BackoffClass.LINK, False),
        (PortalUntrusted(), Move.PUT_BACK, BackoffClass.LINK, False),
        (DataCentreBusy(), Move.PUT_BACK, BackoffClass.BUSY, False),
        (SamNotVerified(), Move.PUT_BACK, BackoffClass.DEVICE, False),
        (DeviceDisabled(), Move.PUT_BACK, BackoffClass.PERSON, True),
        (RightMissing(), Move.PUT_BACK, BackoffClass.PERSON, True),
        (Rejected(), Move.REJECT, BackoffClass.PERSON, True),
        (KeyConflict(), Move.REJECT, BackoffClass.PERSON, True),
    ],
)
def test_an_upload_that_has_left(
    error: VisitBridgeError, move: Move, backoff: BackoffClass, *, needs_person: bool
) -> None:
    verdict = judge(Path.UPLOAD, JobState.EXECUTING, error)
    assert (verdict.move, verdict.backoff, verdict.needs_person) == (move, backoff, needs_person)


@pytest.mark.parametrize(
    ("error", "move", "backoff"),
    [
        (CardRemoved(), Move.PUT_BACK, BackoffClass.ASK),
        (WrongCard(), Move.PUT_BACK, BackoffClass.PERSON),
        (ReaderBusy(), Move.PUT_BACK, BackoffClass.DEVICE),
        (StaffTokenRefused(), Move.PUT_BACK, BackoffClass.DEVICE),
        (ReplyLost(), Move.PUT_BACK, BackoffClass.LINK),
        (Rejected(), Move.REJECT, BackoffClass.PERSON),
        (CardRefused(), Move.PUT_BACK, BackoffClass.PERSON),
        (CardError(field="birth_date"), Move.PUT_BACK, BackoffClass.PERSON),
        (CardBeingRead(), Move.PUT_BACK, BackoffClass.DEVICE),
    ],
)
def test_a_card_write_before_anything_mutating(
    error: VisitBridgeError, move: Move, backoff: BackoffClass
) -> None:
    verdict = judge(Path.CARD, JobState.PREPARED, error)
    assert (verdict.move, verdict.backoff) == (move, backoff)


def test_a_doubt_that_only_a_person_can_end_says_so() -> None:
    assert judge(Path.CARD, JobState.UNKNOWN, Rejected()).needs_person
    assert not judge(Path.CARD, JobState.UNKNOWN, LinkDown()).needs_person
