from __future__ import annotations

import re

import pytest

from visitbridge import errors
from visitbridge.errors import (
    ConfigError,
    DataCentreBusy,
    PinWrong,
    Rejected,
    ReplyLost,
    Retry,
    VisitBridgeError,
)

ROOTS = {
    "GW-CFG": errors.ConfigError,
    "GW-CRT": errors.CertificateError,
    "GW-DEV": errors.DeviceError,
    "GW-CRD": errors.CardError,
    "GW-LNK": errors.LinkError,
    "GW-DC": errors.DataCentreError,
    "GW-STO": errors.StoreError,
    "GW-ACC": errors.AccessError,
    "GW-REQ": errors.RequestError,
}
LEAVES = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, VisitBridgeError) and kind is not VisitBridgeError
]


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_a_code_belongs_to_its_branch_of_the_tree(kind: type[VisitBridgeError]) -> None:
    assert re.fullmatch(r"GW-[A-Z]{2,3}-\d\d", kind.code)
    assert issubclass(kind, ROOTS[kind.code.rpartition("-")[0]])


def test_a_code_stands_first_in_the_message() -> None:
    assert str(PinWrong("card said 63C2", params={"tries_left": 2})) == "GW-CRD-06 card said 63C2"
    assert str(PinWrong()) == "GW-CRD-06"


def test_values_and_field_stay_out_of_the_message() -> None:
    error = errors.UnknownCode("not in icd10", field="diagnoses[0].code", params={"code": "J06.9"})

    assert error.field == "diagnoses[0].code"
    assert error.params == {"code": "J06.9"}
    assert "J06" not in str(error)


def test_one_case_may_differ_from_the_class_in_what_may_be_retried() -> None:
    assert ReplyLost().retry is Retry.UNKNOWN
    assert ReplyLost(retry=Retry.LATER).retry is Retry.LATER


def test_all_problems_of_a_configuration_are_in_one_error() -> None:
    error = ConfigError(problems=("a.toml: [x] is unknown", "b.toml: cannot be read"))

    assert error.problems == ("a.toml: [x] is unknown", "b.toml: cannot be read")
    assert str(error) == "GW-CFG-01 a.toml: [x] is unknown; b.toml: cannot be read"
    assert ConfigError("no such driver").problems == ("no such driver",)


def test_the_insurers_words_are_kept_apart_from_ours() -> None:
    error = Rejected("check code", insurer_code="Y014", words="科別不符", field="claim.department")

    assert (error.insurer_code, error.words, error.field) == ("Y014", "科別不符", "claim.department")
    assert "科別" not in str(error)


def test_a_busy_data_centre_may_say_for_how_long() -> None:
    assert DataCentreBusy(retry_after_s=2.5).retry_after_s == 2.5
    assert DataCentreBusy().retry is Retry.LATER
