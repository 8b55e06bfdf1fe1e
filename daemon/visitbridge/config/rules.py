"""Rules between keys, which no single type can say. Each yields (section, key, problem)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from visitbridge.config.sections import Config

Finding = tuple[str, str, str]


def contradictions(config: Config) -> Iterator[Finding]:
    yield from _relative_paths(config)
    http, outbox = config.http, config.outbox
    if (http.tls_cert is None) != (http.tls_key is None):
        missing = "tls_cert" if http.tls_cert is None else "tls_key"
        yield "http", missing, "tls_cert and tls_key are given together or not at all"
    if not outbox.amber_s < outbox.red_s < outbox.overdue_s:
        yield "outbox", "red_s", "must lie between amber_s and overdue_s"
    if len(set(http.hosts)) != len(http.hosts):
        yield "http", "hosts", "names a host twice"
    if len(set(config.link.hosts)) != len(config.link.hosts):
        yield "link", "hosts", "names a host twice"
    yield from _modem(config)
    if config.datacentre.realm == "production" and config.lab.control is not None:
        yield "lab", "control", "a box of the production realm cannot run in a lab"
    if config.lab.training is not None and config.lab.control is None:
        yield "lab", "training", "is given in a lab only"


def _modem(config: Config) -> Iterator[Finding]:
    modem, order = config.modem, config.uplinks.order
    if modem.profile != "none" and not modem.apn:
        yield "modem", "apn", "is needed with a modem"
    if modem.profile == "generic" and modem.port is None:
        yield "modem", "port", "is needed with the generic profile, which knows no USB identity"
    if modem.auth != "none" and not modem.user:
        yield "modem", "user", "is needed with auth"
    if modem.port is not None and modem.port.name.startswith(("ttyUSB", "ttyACM")):
        yield "modem", "port", "is a number that changes with every restart of the modem; name a link"
    if modem.profile == "none" and "modem" in order:
        yield "uplinks", "order", "names the modem, and [modem] profile is none"
    if len(set(order)) != len(order):
        yield "uplinks", "order", "names an uplink twice"


def _relative_paths(config: Config) -> Iterator[Finding]:
    for section in msgspec.structs.fields(config):
        values = getattr(config, section.name)
        for key in msgspec.structs.fields(values):
            value = getattr(values, key.name)
            if isinstance(value, Path) and not value.is_absolute():
                yield section.name, key.name, "must be an absolute path"
