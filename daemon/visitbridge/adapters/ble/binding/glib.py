"""The thread that runs GLib's main loop, and the ways into it and out of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar, TypeVarTuple, Unpack

import dbus.mainloop.glib
from dbus.exceptions import DBusException
from gi.repository import GLib

from visitbridge.adapters.ble.binding.values import plain
from visitbridge.adapters.ble.bluez import BluezFault, fail, in_time, settle

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class GlibThread:
    """Runs from the beginning to :meth:`end`. Make it inside a running event loop, where all answers are given."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        dbus.mainloop.glib.threads_init()
        self._main = GLib.MainLoop()
        self._thread = threading.Thread(target=self._main.run, name="lane-glib", daemon=True)
        self._thread.start()

    async def run(self, fn: Callable[[Unpack[Ts]], T], *args: *Ts, deadline_s: float) -> T:
        """Run a function in GLib's thread. Raises BluezFault, ``late`` when it does not end in time."""
        future: asyncio.Future[T] = self._loop.create_future()

        def work() -> None:
            try:
                self.post(settle, future, fn(*args))
            except DBusException as exc:
                self.post(fail, future, BluezFault(exc.get_dbus_name() or "unnamed", exc.get_dbus_message()))
            except (AttributeError, KeyError, TypeError) as exc:
                # What bluezero makes of objects that vanished between two of its questions.
                self.post(fail, future, BluezFault("vanished", type(exc).__name__))
            except BaseException as exc:  # noqa: BLE001 - raised again in the task that asked
                self.post(fail, future, exc)

        soon(work)
        return await in_time(future, deadline_s)

    async def ask(self, find: Callable[[], Any], *args: object, deadline_s: float) -> Any:
        """Call the D-Bus method that ``find`` gives and wait for its answer outside of GLib's thread.

        Raises BluezFault, ``late`` when there is no answer in time.
        """
        future: asyncio.Future[Any] = self._loop.create_future()

        def ask() -> None:
            find()(
                *args,
                reply_handler=lambda *values: self.post(settle, future, plain(values[0] if values else None)),
                error_handler=lambda exc: self.post(
                    fail, future, BluezFault(exc.get_dbus_name() or "unnamed", exc.get_dbus_message())
                ),
                timeout=deadline_s,
            )

        await self.run(ask, deadline_s=deadline_s)
        return await in_time(future, deadline_s)

    def post(self, callback: Callable[[Unpack[Ts]], object], *args: *Ts) -> None:
        """From GLib's thread: run ``callback`` on the event loop. Dropped when that is closed."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(callback, *args)

    async def end(self) -> None:
        """End the thread."""
        soon(self._main.quit)
        await asyncio.to_thread(self._thread.join, 5.0)


def soon(fn: Callable[[], None]) -> None:
    """Have GLib's thread run this, not only once it has nothing else to do."""
    GLib.idle_add(fn, priority=GLib.PRIORITY_DEFAULT)
