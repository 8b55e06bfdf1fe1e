"""The line, from the radio to the data centre: what is near comes from the modem, what is far from one try."""

from __future__ import annotations

from visitbridge.domain.modem import ModemState
from visitbridge.services.environment.report import Check, absent, fail, ok, unknown, warn
from visitbridge.services.link.hops import NEAR_HOPS, UNBOUND
from visitbridge.services.modem.meter import MeterReading
from visitbridge.services.modem.topic import ModemTopic

MODEM_ITEMS = ("radio", "sim", "registration", "apn")
PATH_ITEMS = ("dns", "vpn_host", "tls", "data_centre")
_FAINT_BARS = 1
_BYTES_PER_MB = 1_000_000

_BROKEN_AT: dict[ModemState, tuple[str, str]] = {
    ModemState.ABSENT: ("radio", "absent_modem"),
    ModemState.SILENT: ("radio", "silent"),
    ModemState.SIM_ABSENT: ("sim", "missing"),
    ModemState.SIM_PIN: ("sim", "locked"),
    ModemState.SIM_PUK: ("sim", "blocked"),
    ModemState.SIM_FAILED: ("sim", "failed"),
    ModemState.SEARCHING: ("registration", "searching"),
    ModemState.DENIED: ("registration", "denied"),
    ModemState.REGISTERED: ("apn", "no_data"),
    ModemState.REFUSED: ("apn", "refused"),
}
_UNTRUSTED = {"root": "unknown_root", "validity": "not_valid", "name": "other_name"}
_PATH_BY_HOP = {"dns": "dns", "host": "vpn_host", "tls": "tls", "data_centre": "data_centre"}


def modem_checks(topic: ModemTopic | None) -> list[Check]:
    """Radio, SIM, registration, APN; all absent on a box without a modem."""
    if topic is None:
        return [absent(item) for item in MODEM_ITEMS]
    if topic.state is ModemState.STARTING:
        return [unknown(item) for item in MODEM_ITEMS]
    broken, code = _BROKEN_AT.get(topic.state, ("", ""))
    if not broken:
        return [_radio(topic), ok("sim"), ok("registration", operator=topic.operator), ok("apn")]
    at = MODEM_ITEMS.index(broken)
    params: dict[str, str | int] = {} if topic.refused_cme is None else {"cme": topic.refused_cme}
    fine = [_radio(topic), ok("sim"), ok("registration", operator=topic.operator)]
    return [
        *fine[:at],
        fail(broken, code, **params),
        *(unknown(item) for item in MODEM_ITEMS[at + 1 :]),
    ]


def data_check(meter: MeterReading | None) -> Check:
    """Megabytes of 10^6 bytes through the modem in the carrier's month, both ways; never a fault."""
    if meter is None:
        return absent("data")
    used_mb = round((meter.received_bytes + meter.sent_bytes) / _BYTES_PER_MB)
    if not meter.month:
        return ok("data", "undated", mb=used_mb)
    return ok("data", mb=used_mb, month=meter.month)


def path_checks(hop: str, untrusted: str = "") -> list[Check]:
    """Names, host, TLS, data centre, from the first broken hop of one fresh try; empty: all answered.

    ``untrusted``: why the host's certificate is not believed, as PortalUntrusted has it.
    """
    if hop in UNBOUND:
        return [*(unknown(item) for item in PATH_ITEMS[:-1]), fail("data_centre", hop)]
    if hop == "device_disabled":
        return [*(ok(item) for item in PATH_ITEMS[:-1]), fail("data_centre", "device_disabled")]
    if hop in NEAR_HOPS or hop == "network":
        return [fail("dns", "no_network"), *(unknown(item) for item in PATH_ITEMS[1:])]
    if not hop:
        return [ok(item) for item in PATH_ITEMS]
    at = PATH_ITEMS.index(_PATH_BY_HOP[hop])
    return [
        *(ok(item) for item in PATH_ITEMS[:at]),
        fail(PATH_ITEMS[at], _UNTRUSTED.get(untrusted, "broken")),
        *(unknown(item) for item in PATH_ITEMS[at + 1 :]),
    ]


def _radio(topic: ModemTopic) -> Check:
    if topic.bars is None:
        return ok("radio", "unmeasured")
    if topic.bars <= _FAINT_BARS:
        return warn("radio", "faint", bars=topic.bars)
    return ok("radio", bars=topic.bars)
