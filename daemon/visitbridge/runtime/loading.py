"""Import what a program is made of. On a small machine that is most of a start."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Final

_NO_AUTHORITIES: Final[Mapping[str, str]] = {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}
"""Where OpenSSL looks for the authorities of this machine (SSL_CTX_set_default_verify_paths(3)): nowhere."""


def load(name: str) -> ModuleType:
    """The module, imported by the shortest way if it was not yet. Raises ImportError."""
    if name in sys.modules:
        return sys.modules[name]
    with _collector_resting(), _no_authorities():
        return importlib.import_module(name)


@contextlib.contextmanager
def _collector_resting() -> Iterator[None]:
    """What a program is made of is there to stay: looking through it for garbage takes a tenth of a start, and later some tenths of
    a second each time, in which a gateway answers nobody.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextlib.contextmanager
def _no_authorities() -> Iterator[None]:
    """aiohttp makes two TLS contexts when it is imported, each with all authorities of this machine: another tenth of a start.
    Every connection of ours names whom it trusts, and one that forgot to would now trust nobody.
    """
    before = {name: os.environ.get(name) for name in _NO_AUTHORITIES}
    os.environ.update(_NO_AUTHORITIES)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
