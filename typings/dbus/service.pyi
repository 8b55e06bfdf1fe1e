from collections.abc import Callable
from typing import TypeVar

import dbus

F = TypeVar("F", bound=Callable[..., object])

def method(
    dbus_interface: str,
    in_signature: str | None = None,
    out_signature: str | None = None,
    async_callbacks: tuple[str, str] | None = None,
) -> Callable[[F], F]: ...

class Object:
    def __init__(self, conn: dbus.Connection | None = None, object_path: str | None = None) -> None: ...
    def remove_from_connection(
        self, connection: dbus.Connection | None = None, path: str | None = None
    ) -> None: ...
