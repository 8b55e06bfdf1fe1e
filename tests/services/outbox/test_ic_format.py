"""Which format the IC upload is written in is a matter of configuration."""

from __future__ import annotations

import msgspec
import pytest

from tests.adapters.store.builders import receipt
from tests.protocols.visit_export.samples import VISIT
from visitbridge.domain.visit import Identification
from visitbridge.errors import UploadUnfit
from visitbridge.protocols.ic_upload.xml import decode as decode_1
from visitbridge.protocols.ic_upload_2.xml import decode as decode_2
from visitbridge.services.outbox.ic_bodies import IC_BODIES, IcFormat, ic_findings, ic_record_of
from visitbridge.services.outbox.names import UPLOAD_VISIT, WRITE_PRESCRIPTION, WRITE_VISIT

RECEIPTS = {
    WRITE_VISIT: receipt("card", insurer={"signature": "S" * 256}),
    WRITE_PRESCRIPTION: receipt("orders", insurer={"order_signatures": f"{'A' * 40},{'B' * 40}"}),
    UPLOAD_VISIT: receipt("visit", insurer={"visit_identifier": "0TEST000000000000001"}),
}


def test_format_1_is_sent_unless_something_else_is_configured() -> None:
    (record,) = decode_1(IC_BODIES["1.0"](VISIT, RECEIPTS, "900000000001"))

    assert record.sequence_no == "0012"


def test_format_2_bears_the_identifier_that_the_insurer_gave() -> None:
    (record,) = decode_2(IC_BODIES["2.0-unverified"](VISIT, RECEIPTS, "900000000001"))

    assert record.body["M15"] == "0TEST000000000000001"


def test_without_an_identifier_nothing_is_sent_in_format_2() -> None:
    with pytest.raises(UploadUnfit) as caught:
        IC_BODIES["2.0-unverified"](VISIT, {}, "900000000001")

    assert caught.value.field


@pytest.mark.parametrize("ic_format", ["1.0", "2.0-unverified"])
@pytest.mark.parametrize(
    ("identification", "number"),
    [
        (Identification.CARD, "F00B"),
        (Identification.CARD, "1501"),
        (Identification.CARD_OFFLINE, "0012"),
        (Identification.CARD_OFFLINE, "FOOB"),
        (Identification.VIRTUAL_CARD, "M001"),
        (Identification.PHOTO, "V001"),
    ],
)
def test_N09_a_number_of_another_identification_is_not_sent(
    ic_format: IcFormat, identification: Identification, number: str
) -> None:
    assert VISIT.sequence is not None
    sequence = msgspec.structs.replace(VISIT.sequence, number=number)
    visit = msgspec.structs.replace(VISIT, identification=identification, sequence=sequence)

    with pytest.raises(UploadUnfit) as caught:
        IC_BODIES[ic_format](visit, RECEIPTS, "900000000001")

    assert caught.value.field == "A18"


def test_N09_what_is_wrong_with_the_number_is_told_before_anything_is_sent() -> None:
    assert VISIT.sequence is not None
    sequence = msgspec.structs.replace(VISIT.sequence, number="F00B")
    visit = msgspec.structs.replace(VISIT, sequence=sequence)

    found = ic_findings(visit, ic_record_of(VISIT, RECEIPTS, "900000000001"), RECEIPTS)

    assert [(each.code, each.field) for each in found] == [("AD", "A18")]
