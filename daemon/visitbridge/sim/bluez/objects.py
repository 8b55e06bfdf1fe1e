"""D-Bus objects by hand: a tree of interfaces with properties, and methods that may take their time.

dbus-fast's own service classes do not tell who calls, which discovery and agents depend on.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

import msgspec
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from visitbridge.errors import DeviceError

PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"

Method = tuple[str, str, Callable[..., Any]]
"""Signatures in and out, and what to do: it gets the caller's unique name and the arguments, and returns, or is
awaited for, the answer's body as a list, None for an empty one.
"""


class BluezError(Exception):
    """An error answer: ``org.bluez.Error.`` and ``name``."""

    def __init__(self, name: str, text: str = "") -> None:
        super().__init__(text or name)
        self.name = f"org.bluez.Error.{name}"


class Interface(msgspec.Struct):
    """``setters``: properties that clients may set."""

    properties: dict[str, Variant] = {}
    methods: dict[str, Method] = {}
    setters: dict[str, Callable[[Any], None]] = {}


class ObjectTree:
    """What one name on the bus offers."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus
        self._objects: dict[str, dict[str, Interface]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        bus.add_message_handler(self._handle)

    def paths(self) -> tuple[str, ...]:
        return tuple(self._objects)

    def add(self, path: str, interfaces: Mapping[str, Interface]) -> None:
        """Offer an object and tell of it."""
        self._objects[path] = dict(interfaces)
        self._signal("/", OBJECT_MANAGER, "InterfacesAdded", "oa{sa{sv}}", [path, self._described(path)])

    def remove(self, path: str) -> None:
        """Take an object away and tell of it. One that is not there is no error."""
        gone = self._objects.pop(path, None)
        if gone is not None:
            self._signal("/", OBJECT_MANAGER, "InterfacesRemoved", "oas", [path, list(gone)])

    def set(self, path: str, interface: str, **values: Variant | None) -> None:
        """Give properties new values, or take them away with None, and tell of it."""
        found = self._objects.get(path, {}).get(interface)
        if found is None:
            return
        changed = {name: value for name, value in values.items() if value is not None}
        invalidated = [name for name, value in values.items() if value is None]
        found.properties.update(changed)
        for name in invalidated:
            found.properties.pop(name, None)
        self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, changed, invalidated])

    async def close(self) -> None:
        """Methods under way are left unanswered."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _described(self, path: str) -> dict[str, dict[str, Variant]]:
        return {name: interface.properties for name, interface in self._objects[path].items()}

    def _signal(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        if self._bus.connected:
            _ = self._bus.send(Message.new_signal(path, interface, member, signature, body))

    def _handle(self, message: Message) -> Message | bool | None:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        try:
            match message.interface, message.member:
                case _, "Introspect":
                    return Message.new_method_return(message, "s", [self._introspect(message.path or "/")])
                case _, "GetManagedObjects" if message.path == "/":
                    body = {path: self._described(path) for path in self._objects}
                    return Message.new_method_return(message, "a{oa{sa{sv}}}", [body])
                case "org.freedesktop.DBus.Properties", member:
                    return self._access(message, str(member), self._at(message.path, message.body[0]))
                case "org.freedesktop.DBus.Peer", _:
                    return None
                case interface, member:
                    _, signature, method = self._at(message.path, str(interface)).methods[str(member)]
                    self._call(message, signature, method)
                    return True
        except KeyError:
            return Message.new_error(message, "org.freedesktop.DBus.Error.UnknownObject", "no such object")
        except BluezError as exc:
            return Message.new_error(message, exc.name, str(exc))

    def _at(self, path: str | None, interface: str) -> Interface:
        return self._objects[path or "/"][interface]

    def _access(self, message: Message, member: str, interface: Interface) -> Message:
        match member:
            case "Get":
                return Message.new_method_return(message, "v", [interface.properties[message.body[1]]])
            case "GetAll":
                return Message.new_method_return(message, "a{sv}", [interface.properties])
            case _:
                interface.setters[message.body[1]](message.body[2].value)
                return Message.new_method_return(message)

    def _call(self, message: Message, signature: str, method: Callable[..., Any]) -> None:
        task = asyncio.create_task(self._answer(message, signature, method))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, message: Message, signature: str, method: Callable[..., Any]) -> None:
        try:
            result = method(message.sender, *message.body)
            body = await result if inspect.isawaitable(result) else result
            answer = Message.new_method_return(message, signature, body or [])
        except BluezError as exc:
            answer = Message.new_error(message, exc.name, str(exc))
        except DeviceError as exc:
            answer = Message.new_error(message, "org.bluez.Error.Failed", exc.detail)
        if self._bus.connected:
            _ = self._bus.send(answer)

    def _introspect(self, path: str) -> str:
        parts = [
            f"<interface name={quoteattr(name)}>"
            + "".join(_method_xml(method, into, out) for method, (into, out, _) in interface.methods.items())
            + "</interface>"
            for name, interface in self._objects.get(path, {}).items()
        ]
        return f"<node>{_PROPERTIES_XML}{''.join(parts)}</node>"


def _method_xml(name: str, into: str, out: str) -> str:
    arguments = [("in", kind) for kind in _kinds(into)] + [("out", kind) for kind in _kinds(out)]
    inner = "".join(f"<arg type={quoteattr(kind)} direction='{way}'/>" for way, kind in arguments)
    return f"<method name={quoteattr(name)}>{inner}</method>"


def _kinds(signature: str) -> list[str]:
    """A signature's single complete types; of containers, only those that BlueZ's methods here have."""
    kinds = []
    while signature:
        length = next((len(known) for known in ("a{sv}", "ay", "ao") if signature.startswith(known)), 1)
        kinds.append(signature[:length])
        signature = signature[length:]
    return kinds


_PROPERTIES_XML = (
    f"<interface name={quoteattr(PROPERTIES)}>"
    + _method_xml("Get", "ss", "v")
    + _method_xml("Set", "ssv", "")
    + _method_xml("GetAll", "s", "a{sv}")
    + "</interface>"
)
