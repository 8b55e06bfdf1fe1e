"""NMEA 0183: checksums, epochs, no fix."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.protocols.at.fields import Garbled
from visitbridge.protocols.nmea import NmeaReader, split_sentence

# The textbook pair of the NMEA 0183 literature.
GGA = "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47"
RMC = "$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A"


def sentence(body: str) -> str:
    total = 0
    for byte in body.encode():
        total ^= byte
    return f"${body}*{total:02X}"


TAIPEI_GGA = sentence("GNGGA,013015.00,2501.98540,N,12133.91200,E,1,08,1.2,31.5,M,16.1,M,,")
TAIPEI_RMC = sentence("GNRMC,013015.00,A,2501.98540,N,12133.91200,E,0.0,,221126,,,A")


def test_checksums_of_the_textbook() -> None:
    assert split_sentence(GGA)[0] == "GPGGA"
    assert split_sentence(RMC + "\r\n")[0] == "GPRMC"


@pytest.mark.parametrize("line", [GGA[:-1] + "8", GGA[:-3], GGA.replace("0.9", "0.8"), GGA[1:], "$*00" * 40])
def test_damaged_sentences_are_refused(line: str) -> None:
    with pytest.raises(Garbled):
        split_sentence(line)


def test_a_fix_joins_the_sentences_of_one_epoch() -> None:
    reader = NmeaReader()
    reader.feed(TAIPEI_GGA)

    fix = reader.feed(TAIPEI_RMC)

    assert fix is not None
    assert fix.at == dt.datetime(2026, 11, 22, 1, 30, 15, tzinfo=dt.UTC)
    assert fix.latitude_deg == pytest.approx(25.03309, abs=1e-5)
    assert (fix.accuracy_m, fix.satellites, fix.altitude_m) == (6.0, 8, 31.5)


def test_a_receiver_that_tells_the_quality_second() -> None:
    reader = NmeaReader()
    bare = reader.feed(TAIPEI_RMC)
    whole = reader.feed(TAIPEI_GGA)

    assert bare is not None
    assert whole is not None
    assert (bare.accuracy_m, whole.accuracy_m) == (None, 6.0)
    assert (whole.latitude_deg, whole.at) == (bare.latitude_deg, bare.at)


def test_quality_of_another_epoch_is_not_used() -> None:
    reader = NmeaReader()
    reader.feed(TAIPEI_GGA)

    fix = reader.feed(sentence("GNRMC,013016.00,A,2501.98540,N,12133.91200,E,0.0,,221126,,,A"))

    assert fix is not None
    assert (fix.accuracy_m, fix.satellites) == (None, None)


def test_a_receiver_without_a_fix_gives_none_and_forgets_the_last() -> None:
    reader = NmeaReader()
    reader.feed(TAIPEI_GGA)
    reader.feed(TAIPEI_RMC)

    assert reader.feed(sentence("GNRMC,013020.00,V,,,,,,,221126,,,N")) is None
    assert reader.fix is None


def test_southern_and_western_degrees_are_negative() -> None:
    fix = NmeaReader().feed(sentence("GPRMC,013015,A,3351.500,S,15112.000,W,0,0,221126,,"))

    assert fix is not None
    assert fix.latitude_deg == pytest.approx(-33.858333)
    assert fix.longitude_deg == pytest.approx(-151.2)


@given(
    line=st.one_of(
        st.text(max_size=100), st.builds(sentence, st.text("GPRMCGA0123456789.,NESWAV", max_size=60))
    )
)
def test_nothing_fed_to_the_reader_raises(line: str) -> None:
    NmeaReader().feed(line)
