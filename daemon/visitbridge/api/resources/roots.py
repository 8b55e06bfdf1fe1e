"""The roots by which this box knows the data centre, for technicians (Y11)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from visitbridge.api.routes import PROVEN_TECHNICIAN, TECHNICIAN, AnyRoute, Call, NoQuery, Route
from visitbridge.services.portal_trust import PortalTrust, RootView


class Roots(msgspec.Struct, frozen=True, kw_only=True):
    """Empty on a box that is not bound."""

    roots: tuple[RootView, ...]


class NewRoot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``pem``: one certificate, as its file has it."""

    pem: Annotated[str, Meta(min_length=1, max_length=16_384)]


class PortalRoots:
    def __init__(self, trust: PortalTrust) -> None:
        self._trust = trust

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/box/roots",
                summary="The roots by which this box knows the data centre",
                access=TECHNICIAN,
                handler=self._list,
                answer=Roots,
            ),
            Route(
                method="POST",
                path="/api/box/roots",
                summary="Trust one more root, once its fingerprint was compared",
                access=PROVEN_TECHNICIAN,
                handler=self._add,
                body=NewRoot,
                answer=Roots,
                status=201,
            ),
            Route(
                method="DELETE",
                path="/api/box/roots/{fingerprint}",
                summary="Trust a root no longer",
                access=PROVEN_TECHNICIAN,
                handler=self._remove,
                answer=Roots,
            ),
        ]

    async def _list(self, call: Call[NoQuery, None]) -> Roots:
        return Roots(roots=self._trust.roots())

    async def _add(self, call: Call[NoQuery, NewRoot]) -> Roots:
        await self._trust.add(call.body.pem, who="technician", phone_id=call.phone_id)
        return Roots(roots=self._trust.roots())

    async def _remove(self, call: Call[NoQuery, None]) -> Roots:
        await self._trust.remove(call.path["fingerprint"], who="technician", phone_id=call.phone_id)
        return Roots(roots=self._trust.roots())
