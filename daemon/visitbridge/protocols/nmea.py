"""NMEA 0183 sentences of a GNSS receiver: RMC tells time and place, GGA quality and height."""

from __future__ import annotations

import msgspec

from visitbridge.domain.position import Fix, accuracy_from_hdop
from visitbridge.protocols.at.fields import Garbled, decimal, number
from visitbridge.protocols.at.gnss import degrees, moment

SENTENCE_LIMIT_BYTES = 120
"""NMEA 0183 allows 82 characters; receivers with several constellations go a little over."""


def split_sentence(line: str) -> list[str]:
    """Fields of ``$TTSSS,…*HH``, address first. Raises Garbled for a wrong or missing checksum."""
    body, star, check = line.strip().removeprefix("$").rpartition("*")
    if not line.startswith("$") or not star or len(line) > SENTENCE_LIMIT_BYTES or not body.isascii():
        raise Garbled("not a sentence")
    total = 0
    for byte in body.encode("ascii"):
        total ^= byte
    if check.upper() != f"{total:02X}":
        raise Garbled("checksum")
    return body.split(",")


class _Quality(msgspec.Struct, frozen=True):
    time: str
    accuracy_m: float | None
    satellites: int
    altitude_m: float | None


class NmeaReader:
    """Joins the sentences of one epoch, whichever comes first. Feed lines; a valid RMC gives a fix."""

    def __init__(self) -> None:
        self._quality: _Quality | None = None
        self._fix_time = ""
        self.fix: Fix | None = None
        self.refused = 0

    def feed(self, line: str) -> Fix | None:
        """Take one line; the fix it completes, if any: again with its quality when that comes second.

        Lines that are damaged are counted, never used.
        """
        try:
            values = split_sentence(line)
            if values[0].endswith("GGA"):
                return self._take_gga(values)
            if values[0].endswith("RMC"):
                return self._take_rmc(values)
        except Garbled:
            self.refused += 1
        return None

    def _take_gga(self, values: list[str]) -> Fix | None:
        if len(values) < 10:
            raise Garbled("GGA")
        if number(values[6] or "0", most=8) == 0:
            self._quality = None
            return None
        self._quality = _Quality(
            time=values[1],
            accuracy_m=accuracy_from_hdop(decimal(values[8], least=0, most=100) if values[8] else None),
            satellites=number(values[7], most=99),
            altitude_m=decimal(values[9], least=-1000, most=20000) if values[9] else None,
        )
        if self.fix is None or self._fix_time != values[1]:
            return None
        self.fix = self._with_quality(self.fix)
        return self.fix

    def _take_rmc(self, values: list[str]) -> Fix | None:
        if len(values) < 10:
            raise Garbled("RMC")
        self.fix = None
        if values[2] != "A":
            return None
        fix = Fix(
            latitude_deg=degrees(values[3], values[4], "NS"),
            longitude_deg=degrees(values[5], values[6], "EW"),
            at=moment(values[9], values[1]),
        )
        self._fix_time = values[1]
        self.fix = self._with_quality(fix)
        return self.fix

    def _with_quality(self, fix: Fix) -> Fix:
        quality = self._quality
        if quality is None or quality.time != self._fix_time:
            return fix
        return msgspec.structs.replace(
            fix,
            altitude_m=quality.altitude_m,
            accuracy_m=quality.accuracy_m,
            satellites=quality.satellites,
        )
