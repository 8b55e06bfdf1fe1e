"""權限: which service codes the person on this phone holds, and what each opens on this box (A08, A14, A16, A17).

What a code opens is read off the route table that the dispatcher goes by, so that the page cannot promise what the API
refuses. A code that opens nothing here, because this box has no such function yet, says so by an empty list.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from visitbridge.api.routes import PAIRED, AnyRoute, Call, NoQuery, Route
from visitbridge.domain.people import Right


class RightView(msgspec.Struct, frozen=True, kw_only=True):
    """``held``: by whoever acts on this phone, or did until the session ran out. ``opens``: areas of the API, the first
    part of their paths, in which the code is asked for.
    """

    right: Right
    held: bool
    opens: tuple[str, ...]


class Rights:
    """Call :meth:`describe` once with all routes."""

    def __init__(self) -> None:
        self._opens: dict[Right, tuple[str, ...]] = {}

    def routes(self) -> list[AnyRoute]:
        return [
            Route(
                method="GET",
                path="/api/rights",
                summary="The five service codes: which of them the person on this phone holds, and what each opens here",
                access=PAIRED,
                handler=self._list,
                answer=tuple[RightView, ...],
            ),
        ]

    def describe(self, routes: Sequence[AnyRoute]) -> None:
        self._opens = {right: areas_of(right, routes) for right in Right}

    async def _list(self, call: Call[NoQuery, None]) -> tuple[RightView, ...]:
        held = call.acting.rights if call.acting is not None else frozenset()
        return tuple(
            RightView(right=right, held=right in held, opens=self._opens.get(right, ())) for right in Right
        )


def areas_of(right: Right, routes: Sequence[AnyRoute]) -> tuple[str, ...]:
    """Where a code is asked for: ``/api/visits/{visit_id}/editor`` is in ``visits``. In the order of the routes."""
    asked = (route for route in routes if route.access.right is right)
    return tuple(dict.fromkeys(route.path.split("/")[2] for route in asked))
