"""A double of systemd-logind on a private bus: it notes that it was asked, and switches nothing off."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus

NAME = "org.freedesktop.login1"
PATH = "/org/freedesktop/login1"
MANAGER = "org.freedesktop.login1.Manager"
REFUSED = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"


class LogindDouble:
    """``refuses``: polkit says no. ``asked``: the arguments of each PowerOff that was let through."""

    def __init__(self) -> None:
        self.refuses = False
        self.asked: list[bool] = []

    def answer(self, message: Message) -> Message | None:
        if message.message_type is not MessageType.METHOD_CALL or message.interface != MANAGER:
            return None
        if (message.path, message.member, message.signature) != (PATH, "PowerOff", "b"):
            return Message.new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", "")
        if self.refuses:
            return Message.new_error(message, REFUSED, "")
        self.asked.append(bool(message.body[0]))
        return Message.new_method_return(message)


@contextlib.asynccontextmanager
async def open_logind(address: str) -> AsyncIterator[LogindDouble]:
    """Serve on the bus at ``address`` until the block ends."""
    bus = await MessageBus(bus_address=address, bus_type=BusType.SYSTEM).connect()
    double = LogindDouble()
    bus.add_message_handler(double.answer)
    try:
        await bus.request_name(NAME)
        yield double
    finally:
        bus.disconnect()
