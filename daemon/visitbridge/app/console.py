"""What a technician at the shell can order from the running box."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from visitbridge.adapters.console import Command
from visitbridge.adapters.tls import CertificateRenewal, install_institution_certificate
from visitbridge.api.resources.roots import Roots
from visitbridge.api.resources.support import SupportFile
from visitbridge.app.parts import Parts
from visitbridge.config import Config
from visitbridge.protocols.certificates import CertificateFacts
from visitbridge.protocols.health import BoxHealth
from visitbridge.services.environment import EnvironmentReport
from visitbridge.services.topics import CertificateTopic

WHO = "technician"


class ResetOrder(msgspec.Struct, frozen=True, kw_only=True):
    """``name``: the box's own, typed by whoever wants it gone."""

    name: str
    even_with_unsent: bool = False

    def as_text(self) -> str:
        return msgspec.json.encode(self).decode()


class ResetDone(msgspec.Struct, frozen=True, kw_only=True):
    """The box erases itself now."""


def commands(config: Config, parts: Parts, renewal: CertificateRenewal) -> Mapping[str, Command]:
    async def show(_: str) -> CertificateTopic:
        return renewal.topic

    async def install(pem: str) -> CertificateFacts:
        folder, hosts, now = config.box.state_dir / "tls", config.http.hosts, parts.clock.now()
        facts = await asyncio.to_thread(install_institution_certificate, folder, pem.encode(), hosts, now)
        renewal.look_now()
        return facts

    async def list_roots(_: str) -> Roots:
        return Roots(roots=parts.trust.roots())

    async def add_root(pem: str) -> msgspec.Struct:
        return await parts.trust.add(pem, who=WHO)

    async def remove_root(fingerprint: str) -> Roots:
        await parts.trust.remove(fingerprint, who=WHO)
        return Roots(roots=parts.trust.roots())

    async def reset(text: str) -> ResetDone:
        order = msgspec.json.decode(text, type=ResetOrder)
        await parts.decommission.reset(order.name, even_with_unsent=order.even_with_unsent)
        return ResetDone()

    async def departure(_: str) -> EnvironmentReport:
        return await parts.records.departure.run()

    async def doctor(_: str) -> EnvironmentReport:
        return await parts.survey.run()

    async def health(_: str) -> BoxHealth:
        return await parts.health.look()

    async def support(_: str) -> SupportFile:
        made = await parts.support.make()
        return SupportFile(name=made.name, content=made.content)

    return {
        "support-bundle": support,
        "doctor": doctor,
        "health": health,
        "departure": departure,
        "reset": reset,
        "certificate show": show,
        "certificate install": install,
        "trust list": list_roots,
        "trust add": add_root,
        "trust remove": remove_root,
    }
