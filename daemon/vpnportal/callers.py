"""Who is calling: the box behind a client certificate, and whether it may."""

from __future__ import annotations

import datetime as dt
import enum

import msgspec
from sqlalchemy import Connection, select

from visitbridge.protocols.datacentre.common import ProblemCode
from vpnportal.devices import Device, device_disabled, find_device, sam_is_verified
from vpnportal.problems import Refusal, refuse
from vpnportal.schema import certificates


class Need(enum.IntEnum):
    """What a call needs of its caller; each level includes those before it.

    A disabled box may bring in what it recorded before, so that nothing is lost; it begins nothing new (B11).
    """

    NOTHING = 0
    CERTIFICATE = 1
    SAM = 2
    ENABLED = 3


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """A box that may make this call."""

    device: Device
    serial: str

    @property
    def device_id(self) -> str:
        return self.device.device_id

    @property
    def institution(self) -> str:
        return self.device.institution.code


def admit(connection: Connection, serial: str | None, need: Need, now: dt.datetime) -> Caller:
    """The caller behind the certificate of ``serial``, whose chain TLS has verified.

    Raises Refusal certificate_required, certificate_refused, device_disabled or sam_required.
    """
    if serial is None:
        raise refuse(
            401,
            ProblemCode.CERTIFICATE_REQUIRED,
            title="this call needs a client certificate",
            words="裝置尚未綁定機構。",
        )
    row = connection.execute(select(certificates).where(certificates.c.serial == serial)).one_or_none()
    if row is None or row.revoked_at is not None or row.valid_until <= now:
        raise certificate_refused()
    device = find_device(connection, row.device_id)
    if need >= Need.SAM and not sam_is_verified(connection, device.device_id, now):
        raise refuse(
            403,
            ProblemCode.SAM_REQUIRED,
            retry="later",
            title="verify the SAM first; it counts for one day",
            words="安全模組今日尚未認證。",
        )
    if need >= Need.ENABLED and not device.enabled:
        raise device_disabled()
    return Caller(device=device, serial=serial)


def certificate_refused() -> Refusal:
    return refuse(
        401,
        ProblemCode.CERTIFICATE_REFUSED,
        title="the certificate is unknown, expired or revoked",
        words="裝置憑證無效，請重新綁定。",
    )
