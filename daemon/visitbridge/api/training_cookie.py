"""The mark of a phone that is in the training rooms: a cookie of its own beside the one that pairs the phone.

As long as a browser has it, nothing that its pages ask for reaches the real box's own work.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from visitbridge.api.dispatch import COOKIE_LIFE_S

TRAINING_COOKIE: Final = "__Host-vb-training"


def let_in(response: web.StreamResponse, session: str) -> None:
    """``session``: the secret by which the rooms' gateway knows the phone."""
    response.set_cookie(
        TRAINING_COOKIE,
        session,
        max_age=COOKIE_LIFE_S,
        path="/",
        secure=True,
        httponly=True,
        samesite="Strict",
    )


def let_out(response: web.StreamResponse) -> None:
    response.del_cookie(TRAINING_COOKIE, path="/", secure=True, httponly=True, samesite="Strict")
