"""SIM, network and data connection of a virtual modem: what the commands read and change."""

from __future__ import annotations

from visitbridge.domain.modem import Registration, SimState
from visitbridge.sim.modem.faults import Cure, FaultKind, Faults
from visitbridge.sim.modem.setup import ModemSetup


class CmeError(Exception):
    """A command's refusal, by its number in TS 27.007 §9.2."""

    def __init__(self, number: int) -> None:
        super().__init__(str(number))
        self.number = number


class Radio:
    """State that outlives a restart (SIM, contexts, authentication) and state that does not."""

    def __init__(self, setup: ModemSetup, faults: Faults) -> None:
        self.setup = setup
        self.faults = faults
        self.sim_present = setup.sim_present
        self.tries = self.most_tries = setup.pin_tries
        self.contexts: dict[int, tuple[str, str]] = {1: ("IP", "")}
        self.auth: dict[int, tuple[int, str, str]] = {}
        self.power_up()

    def power_up(self) -> None:
        """What a restart forgets."""
        self.functional = True
        self.unlocked = not self.setup.sim_pin
        self.in_coverage = False
        self.attached = False
        self.active: set[int] = set()
        self.gnss_on = False

    @property
    def sim(self) -> SimState:
        if not self.sim_present:
            return SimState.ABSENT
        if self.tries == 0:
            return SimState.PUK
        return SimState.READY if self.unlocked else SimState.PIN

    @property
    def registration(self) -> Registration:
        if self.sim is not SimState.READY or not self.functional:
            return Registration.IDLE
        if FaultKind.DENIED in self.faults:
            return Registration.DENIED
        if FaultKind.NO_SERVICE in self.faults or not self.in_coverage:
            return Registration.SEARCHING
        return Registration.HOME

    @property
    def carries_traffic(self) -> bool:
        """Whether an IP packet would get through to the VPN."""
        return (
            self.registration.has_data
            and bool(self.active)
            and FaultKind.NO_TRAFFIC not in self.faults
            and FaultKind.NO_ADDRESS not in self.faults
        )

    def enter_pin(self, pin: str) -> None:
        if self.sim is SimState.ABSENT:
            raise CmeError(10)
        if self.sim is SimState.PUK:
            raise CmeError(12)
        if self.sim is SimState.READY:
            raise CmeError(3)
        if pin != self.setup.sim_pin:
            self.tries -= 1
            raise CmeError(16 if self.tries else 12)
        self.tries = self.most_tries
        self.unlocked = True

    def attach(self) -> None:
        self._need_network()
        if not self.attached:
            self.attached = True
            self.faults.apply(Cure.REATTACH)

    def detach(self) -> None:
        self.attached = False
        self.active.clear()

    def set_functional(self, on: bool) -> None:
        if on and not self.functional:
            self.faults.apply(Cure.RADIO)
        if not on:
            self.in_coverage = False
            self.detach()
        self.functional = on

    def activate(self, context: int) -> None:
        self._need_network()
        if context not in self.contexts:
            raise CmeError(50)
        if FaultKind.PDP_REFUSED in self.faults:
            raise CmeError(149)
        if FaultKind.PDP_STUCK in self.faults:
            raise CmeError(148)
        if self.contexts[context][1] != self.setup.apn:
            raise CmeError(133)
        _kind, user, password = self.auth.get(context, (0, "", ""))
        if (user, password) != (self.setup.user, self.setup.password):
            raise CmeError(149)
        self.attached = True
        self.active.add(context)

    def deactivate(self, context: int) -> None:
        if self.active == {context}:
            raise CmeError(151)
        self.active.discard(context)

    def address(self, context: int) -> str:
        if context in self.active and FaultKind.NO_ADDRESS not in self.faults:
            return self.setup.address
        return "0.0.0.0"  # noqa: S104 - what a modem says for "none"

    def need_sim(self) -> None:
        """Raises CmeError unless the SIM is ready."""
        match self.sim:
            case SimState.ABSENT:
                raise CmeError(10)
            case SimState.PUK:
                raise CmeError(12)
            case SimState.PIN:
                raise CmeError(11)

    def _need_network(self) -> None:
        self.need_sim()
        if not self.registration.has_data:
            raise CmeError(30)
