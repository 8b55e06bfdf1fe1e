"""Folders of the box, and what empties them for good."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal, Protocol

from visitbridge.adapters.erasure import ErasedNote, Erasure
from visitbridge.config import Config
from visitbridge.ports.clock import Clock


class Eraser(Protocol):
    def __call__(self, *, why: Literal["order", "reset"], order_id: str) -> None: ...


def make_eraser(config: Config, clock: Clock, erasing: asyncio.Event) -> Eraser:
    """Begins to erase the box, and sets ``erasing`` so that the process goes on as an erased one."""
    erasure = Erasure(config.box.state_dir, config.box.runtime_dir, config.store.key_file)

    def erase(*, why: Literal["order", "reset"], order_id: str) -> None:
        erasure.begin(ErasedNote(at=clock.now(), why=why, order_id=order_id))
        erasing.set()

    return erase


def downloads_folder(state_dir: Path) -> Path:
    folder = state_dir / "downloads"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
