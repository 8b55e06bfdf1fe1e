"""The only file here that imports dbus-python: one question to systemd-logind, over a connection of its own."""

from __future__ import annotations

import dbus
import dbus.mainloop
from dbus.exceptions import DBusException

from visitbridge.errors import SwitchOffRefused

_NAME = "org.freedesktop.login1"
_PATH = "/org/freedesktop/login1"
_INTERFACE = "org.freedesktop.login1.Manager"
_WITHIN_S = 10.0


def power_off() -> None:
    """``PowerOff(interactive=false)`` of org.freedesktop.login1(5); returns when logind has agreed. Blocks.

    Raises SwitchOffRefused, also when there is no bus or no logind.
    """
    try:
        # Not on the GLib thread that BlueZ's connection has made the default: it would still look at this one while it ends here.
        bus = dbus.SystemBus(private=True, mainloop=dbus.mainloop.NULL_MAIN_LOOP)
    except DBusException as exc:
        raise SwitchOffRefused(str(exc.get_dbus_name())) from exc
    try:
        # Else libdbus ends this process when the connection does, which it does right below.
        bus.set_exit_on_disconnect(False)
        logind = bus.get_object(_NAME, _PATH, introspect=False)
        # The signature is named because nothing was asked of the other side.
        logind.PowerOff(False, dbus_interface=_INTERFACE, signature="b", timeout=_WITHIN_S)
    except DBusException as exc:
        raise SwitchOffRefused(str(exc.get_dbus_name())) from exc
    finally:
        bus.close()
