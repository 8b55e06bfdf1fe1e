"""The pairing agent (org.bluez.Agent1): what BlueZ wants to know of a person while it pairs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dbus
import dbus.service
from dbus.exceptions import DBusException

from visitbridge.adapters.ble.binding.glib import soon
from visitbridge.adapters.ble.bluez import AgentCall

_INTERFACE = "org.bluez.Agent1"
_PATH = "/visitbridge/agent"


class _Refused(DBusException):
    _dbus_error_name = "org.bluez.Error.Rejected"


class Agent(dbus.service.Object):
    """Answers from whatever thread ``ask`` hands its calls to. To be made in GLib's."""

    def __init__(self, bus: dbus.Connection, ask: Callable[[AgentCall], None]) -> None:
        super().__init__(bus, _PATH)
        self._ask = ask

    def _pass_on(
        self, method: str, path: str, number: int, ok: Callable[..., None], fail: Callable[[Exception], None]
    ) -> None:
        def answer(value: int | None) -> None:
            soon(ok if value is None else (lambda: ok(dbus.UInt32(value))))

        self._ask(
            AgentCall(method, str(path), int(number), answer, lambda: soon(lambda: fail(_Refused("refused"))))
        )

    def _note(self, method: str, path: str = "", number: int = 0) -> None:
        self._ask(AgentCall(method, str(path), int(number), lambda _value: None, lambda: None))

    @dbus.service.method(_INTERFACE, in_signature="ou", async_callbacks=("ok", "fail"))
    def RequestConfirmation(self, device: str, passkey: int, ok: Any, fail: Any) -> None:  # noqa: N802
        self._pass_on("RequestConfirmation", device, passkey, ok, fail)

    @dbus.service.method(_INTERFACE, in_signature="o", out_signature="u", async_callbacks=("ok", "fail"))
    def RequestPasskey(self, device: str, ok: Any, fail: Any) -> None:  # noqa: N802
        self._pass_on("RequestPasskey", device, 0, ok, fail)

    @dbus.service.method(_INTERFACE, in_signature="o", async_callbacks=("ok", "fail"))
    def RequestAuthorization(self, device: str, ok: Any, fail: Any) -> None:  # noqa: N802
        self._pass_on("RequestAuthorization", device, 0, ok, fail)

    @dbus.service.method(_INTERFACE, in_signature="ouq")
    def DisplayPasskey(self, device: str, passkey: int, _entered: int) -> None:  # noqa: N802
        self._note("DisplayPasskey", device, passkey)

    @dbus.service.method(_INTERFACE)
    def Cancel(self) -> None:  # noqa: N802
        self._note("Cancel")

    @dbus.service.method(_INTERFACE)
    def Release(self) -> None:  # noqa: N802
        self._note("Release")


def agent_arguments() -> tuple[str, str]:
    """For RegisterAgent: where the agent is, and that it has a display and keys."""
    return dbus.ObjectPath(_PATH), "KeyboardDisplay"
