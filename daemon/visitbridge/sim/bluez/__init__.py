"""A double of BlueZ: ``org.bluez`` on a private D-Bus daemon, so that bluezero and the binding really run.

What bluetoothd 5.66 does is told by its documentation (doc/org.bluez.*.rst); only what a central with card readers
meets is here. The radio is not: behind each device is a simulated reader of :mod:`visitbridge.sim.ble`.
"""
