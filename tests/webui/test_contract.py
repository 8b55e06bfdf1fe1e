"""What the UI asks of the box and reads from it is what the box's own OpenAPI document promises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from tests.webui.fake_box import WEBUI
from tests.webui.lab import RunningLab
from visitbridge.api.limits import TryLimit
from visitbridge.api.resources.lab import LESSONS
from visitbridge.api.resources.lab import Lab as LabRoutes
from visitbridge.api.resources.lapse import Lapse
from visitbridge.api.resources.lock import Unlocking
from visitbridge.services.locking import UnlockDesk

TYPES = (WEBUI / "core" / "types.d.ts").read_text("utf-8")
# Interface of the UI → schema of the API.
SCHEMAS = {
    "Words": "ErrorWords",
    "ErrorBody": "ErrorDetail",
    "CardPatient": "CardPatient",
    "PresentCard": "SlotCard",
    "Reader": "Slot",
    "ReaderUse": "ReaderUse",
    "HeardReader": "HeardReader",
    "ReaderPairing": "PairingView",
    "RememberedReader": "RememberedView",
    "Bluetooth": "BluetoothTopic",
    "StaffSession": "StaffSessionView",
    "Institution": "Institution",
    "BoxStatus": "BoxTopic",
    "LinkStatus": "LinkTopic",
    "EnvironmentReport": "EnvironmentReport",
    "PageCertificate": "CertificateTopic",
    "RightView": "RightView",
    "CodeSeen": "CodeSeen",
    "SiteStep": "SiteStepView",
    "PortalRoot": "RootView",
    "QueueStatus": "QueueTopic",
    "VisitFlags": "VisitFlags",
    "Diagnosis": "Diagnosis",
    "Order": "Order",
    "ClaimSettings": "ClaimSettings",
    "VisitContent": "VisitContent",
    "Occasion": "Occasion",
    "Drawing": "Drawing",
    "Signature": "Signature",
    "Editor": "EditorView",
    "Lack": "Lack",
    "Course": "Course",
    "HomeFee": "HomeFee",
    "VisitAdvice": "VisitAdvice",
    "ProgrammeLine": "ProgrammeLine",
    "Position": "Position",
    "Phrase": "Phrase",
    "CardHolder": "BasicRecord",
    "Practitioner": "Practitioner",
    "Sequence": "Sequence",
    "Receipt": "Receipt",
    "Visit": "Visit",
    "TrainingView": "TrainingView",
    "AnnouncementLine": "AnnouncementLine",
    "AnnouncementView": "AnnouncementView",
    "Reason": "Reason",
    "JobView": "JobItem",
    "VisitView": "VisitAnswer",
    "VisitSummary": "VisitLine",
    "Hit": "Hit",
    "DataSet": "DataSetRecord",
    "DataSetStatus": "DataSetStatus",
    "ConsentTerms": "ConsentTerms",
    "ConsentView": "ConsentView",
    "PlanLine": "PlanLine",
    "PatientLine": "PatientLine",
    "Fetched": "Fetched",
    "RecordRow": "RecordRow",
    "RecordTable": "RecordTable",
    "RecordsView": "RecordsView",
    "FormerFill": "FormerFill",
    "LeftMedicine": "LeftMedicine",
    "Leftover": "Leftover",
    "CardVisit": "CardVisit",
    "CardOrder": "CardOrder",
    "CardContents": "CardContents",
    "FormerVisit": "FormerVisit",
    "LeftOut": "LeftOut",
    "Phone": "PhoneView",
    "Prescription": "Prescription",
    "RetentionCounts": "RetentionAnswer",
    "HandoffFile": "HandoffFile",
    "HistoryPoint": "LinkSample",
}
# A locked box serves these and nothing else, so they are not in the document of an open one.
ROUTES_OF_A_LOCKED_BOX = {
    (route.path, route.method.lower())
    for route in Unlocking(Mock(spec=UnlockDesk), Mock(spec=TryLimit)).routes()
}
# The gateway of the training rooms alone serves these; its lab passes them on.
ROUTES_OF_THE_ROOMS = {
    (route.path, route.method.lower())
    for route in (
        *LabRoutes(Path("/desk.sock"), LESSONS).routes(),
        *Lapse(Mock(spec=LabRoutes), Mock(), Mock()).routes(),
    )
}
_INTERFACE = re.compile(r"export interface (\w+) \{(.*?)\n?\}\n", re.DOTALL)
_MEMBER = re.compile(r"^\s*(\w+)(\??): (.+?);?$", re.MULTILINE)
_CALL = re.compile(r"\b(get|post|put|del|postImage)\(\s*(?:`([^`]*)`|\"([^\"]*)\")")
_METHODS = {"get": "get", "post": "post", "put": "put", "del": "delete", "postImage": "post"}
# Paths that a module puts together from parts, as `visitPath(id)` does.
_SPELT = {"${visitPath(this.id)}": "/api/visits/${id}", "${visitPath(id)}": "/api/visits/${id}"}


def interface(name: str) -> dict[str, str]:
    """Members of an interface with their types; an optional one says so in its type."""
    body = next(body for found, body in _INTERFACE.findall(TYPES) if found == name)
    lines = body.replace("; ", ";\n")
    return {member: kind + optional for member, optional, kind in _MEMBER.findall(lines)}


def schema(document: Any, name: str) -> Any:
    return document["components"]["schemas"][name]


def may_be_null(part: Any) -> bool:
    return part.get("type") == "null" or any(may_be_null(option) for option in part.get("anyOf", ()))


@pytest.fixture(scope="module")
def document(lab: RunningLab) -> Any:
    return lab.fetch("/api/openapi.json")


@pytest.mark.parametrize(("ours", "theirs"), SCHEMAS.items())
def test_a_type_of_the_ui_is_a_type_of_the_api(ours: str, theirs: str, document: Any) -> None:
    properties = schema(document, theirs)["properties"]
    members = interface(ours)

    assert members
    assert members.keys() <= properties.keys()
    assert {n for n in members if may_be_null(properties[n])} == {n for n in members if "null" in members[n]}


def asked_for() -> Iterator[tuple[str, str, str]]:
    for file in sorted(WEBUI.glob("*/*.js")):
        for call, template, plain in _CALL.findall(file.read_text("utf-8")):
            path = template or plain
            for spelt, meant in _SPELT.items():
                path = path.replace(spelt, meant)
            if path.startswith("/api/"):
                yield file.name, _METHODS[call], path.partition("?")[0]


@pytest.mark.parametrize(("file", "method", "path"), list(asked_for()))
def test_what_the_ui_asks_for_is_in_the_api(file: str, method: str, path: str, document: Any) -> None:
    wanted = re.compile(
        "".join(
            r"[^/]+" if n % 2 else re.escape(part) for n, part in enumerate(re.split(r"(\$\{[^}]*\})", path))
        )
    )
    routes = {(route, known) for route, methods in document["paths"].items() for known in methods}

    assert any(
        wanted.fullmatch(route) and method == known
        for route, known in routes | ROUTES_OF_A_LOCKED_BOX | ROUTES_OF_THE_ROOMS
    )
