"""Misfortune on order, at a named step of the outbox (issue "Shown by": the crash matrix)."""

from visitbridge.sim.faults.steps import Blow, CarryOut, StepFault, StepFaults

__all__ = ["Blow", "CarryOut", "StepFault", "StepFaults"]
