"""The only package that knows bluezero, and under it dbus-python and GLib.

One thread runs GLib's main loop and owns every D-Bus object. Into it go functions (:meth:`Bluez.run`) and calls whose
answer is not waited for there (:meth:`Bluez.ask`), so that a device that does not answer holds up nobody else; out of
it come :class:`Signal` and :class:`AgentCall`, on the event loop.

bluezero 0.9.1 is used for its adapter and centrals, and around its faults: ``Central.connect`` waits without end, so
``Connect`` is called on its device; every adapter leaves three signal receivers behind, of which each asks BlueZ for
all its objects at every change, so they are taken off and one set of our own is used for the life of a connection to
the bus; its characteristics ask BlueZ five times for all its objects before one is found, ``start_notify`` does not
tell when it is done and ``write_value`` takes no options, so characteristics are called at their paths; there is no
pairing agent, so one is here. It finds objects by the unique name of bluetoothd, so all of them are dropped when that
restarts.
"""
