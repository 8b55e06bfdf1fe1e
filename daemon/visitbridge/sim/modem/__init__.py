"""A virtual LTE modem on a pseudo-terminal: real AT bytes for the real adapter, misbehaving on request."""

from visitbridge.sim.modem.faults import Cure, Fault, FaultKind
from visitbridge.sim.modem.line import VirtualModem
from visitbridge.sim.modem.script import Player, Script, Step, read_script
from visitbridge.sim.modem.setup import ModemSetup

__all__ = [
    "Cure",
    "Fault",
    "FaultKind",
    "ModemSetup",
    "Player",
    "Script",
    "Step",
    "VirtualModem",
    "read_script",
]
