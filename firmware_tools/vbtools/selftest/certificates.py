"""The certificate that phones are shown, judged as the gateway judges it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from vbtools.selftest.model import Finding, Outcome
from visitbridge.errors import CertificateError
from visitbridge.protocols.certificates import facts_of, judge_server_chain, read_chain

LEAST_LEFT: Final = dt.timedelta(days=30)
_FILES: Final = (("institution.pem", "institution.pem"), ("box.pem", "box.key"))
"""Chain and key in the box's TLS folder, the one in use first."""


def try_certificates(folder: Path, hosts: Sequence[str], now: dt.datetime) -> Finding:
    """``hosts``: names and addresses that phones use; empty leaves them out of the judgement."""
    found = next(
        ((folder / chain, folder / key) for chain, key in _FILES if (folder / chain).is_file()), None
    )
    if found is None:
        return Finding(probe="certificates", outcome=Outcome.ABSENT, reason="no_certificate")
    facts: dict[str, str | int | float] = {"file": found[0].name}
    try:
        chain = found[0].read_bytes()
        names = hosts or facts_of(read_chain(chain)[0]).names
        told = judge_server_chain(chain, found[1].read_bytes(), names, now)
    except CertificateError as exc:
        return Finding(probe="certificates", outcome=Outcome.BAD, reason=exc.code, facts=facts)
    except OSError as exc:
        return Finding(
            probe="certificates", outcome=Outcome.BAD, reason="io", facts=facts | {"errno": exc.errno or 0}
        )
    left = told.ends_at - now
    facts |= {"days_left": left.days, "fingerprint": told.fingerprint}
    if left < LEAST_LEFT:
        return Finding(probe="certificates", outcome=Outcome.BAD, reason="ends_soon", facts=facts)
    return Finding(probe="certificates", outcome=Outcome.GOOD, facts=facts)
