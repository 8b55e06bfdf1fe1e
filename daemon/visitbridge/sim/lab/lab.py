"""The lab as a whole: everything started in the right order, and stopped in the reverse one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import msgspec

from visitbridge.errors import DeviceError
from visitbridge.sim.lab.cards import CardTable
from visitbridge.sim.lab.client import PhoneClient
from visitbridge.sim.lab.control import Control, Programs, open_control
from visitbridge.sim.lab.gateway import Gateway, GatewayFacts, GatewayPlan
from visitbridge.sim.lab.phone import new_pair_url, open_lab_phone
from visitbridge.sim.lab.places import Places, held_places
from visitbridge.sim.lab.portal import Portal
from visitbridge.sim.lab.slots import Slots, next_free_port, open_slots
from visitbridge.sim.relay import Relay, open_relay

if TYPE_CHECKING:
    from visitbridge.sim.lab.bluetooth import LabBluetooth

_LAB_CONTROL_S = 20.0


class LabOptions(msgspec.Struct, frozen=True, kw_only=True):
    """``port``: where the gateway listens, or the next free one. ``shared``: a folder with published tables.

    ``training``: the socket of the desk that gives lessons here; the gateway then says 訓練模式, and has no Bluetooth.
    """

    directory: Path
    port: int = 8443
    use_pcscd: bool = True
    shared: Path | None = None
    training: Path | None = None


class RunningLab(msgspec.Struct, frozen=True, kw_only=True):
    """A lab that is ready. ``phone`` is the lab's own. ``data_sets``, ``slots.instead`` and ``no_bluetooth``
    (why there is none, empty when there is) are told to people.
    """

    places: Places
    gateway: Gateway
    facts: GatewayFacts
    phone: PhoneClient
    portal: Portal
    slots: Slots
    no_bluetooth: str
    public_url: str
    data_sets: str

    async def wait_trouble(self) -> str:
        """Return when a program ended that nobody told to; the answer says which, and its last words."""
        watched = [
            asyncio.create_task(child.wait_trouble()) for child in (self.gateway.child, self.portal.child)
        ]
        try:
            done, _ = await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for task in watched:
                task.cancel()
            await asyncio.wait(watched)


@contextlib.asynccontextmanager
async def open_lab(options: LabOptions) -> AsyncIterator[RunningLab]:
    """A running lab; at the end the gateway stops first, then the portal, then the readers.

    Raises ConfigError when a lab runs there already, DeviceError when a program does not get ready.
    """
    async with contextlib.AsyncExitStack() as stack:
        places = stack.enter_context(held_places(options.directory))
        timeout = aiohttp.ClientTimeout(total=_LAB_CONTROL_S)
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        slots = await stack.enter_async_context(
            open_slots(use_pcscd=options.use_pcscd, log_path=places.logs / "pcscd.log")
        )
        bluetooth, no_bluetooth = (
            (None, "a training") if options.training else await _open_bluetooth(stack, places)
        )
        portal = Portal(places, session)
        stack.push_async_callback(portal.child.stop)
        # The box may knock before the portal is there; its line then has nobody at the far end.
        relay = await stack.enter_async_context(open_relay("127.0.0.1", 0))
        gateway = Gateway(
            places,
            GatewayPlan(
                http_port=next_free_port(options.port),
                datacentre_port=relay.port,
                socket_readers=slots.socket_readers,
                bluetooth=bluetooth is not None,
                training=options.training,
                environment={**slots.environment, **_bus_of(bluetooth)},
            ),
        )
        programs = _Running(gateway, portal, relay, slots)
        public_url = f"https://127.0.0.1:{relay.port}"
        radio_slots = bluetooth.readers if bluetooth is not None else {}
        control = Control(
            cards=CardTable(
                {**slots.by_reader, **radio_slots},
                places.cards,
                is_offered=bluetooth.is_paired if bluetooth is not None else lambda _reader_id: True,
            ),
            bluetooth=bluetooth,
            relay=relay,
            portal=portal,
            programs=programs.as_programs(),
            public_url=public_url,
        )
        await stack.enter_async_context(open_control(control, places.control))
        stack.push_async_callback(gateway.child.stop)
        facts, data_sets = await _start_both(programs, portal, options.shared)
        programs.phone = await stack.enter_async_context(open_lab_phone(places, facts))
        yield RunningLab(
            places=places,
            gateway=gateway,
            facts=facts,
            phone=programs.phone,
            portal=portal,
            slots=slots,
            no_bluetooth=no_bluetooth,
            public_url=public_url,
            data_sets=data_sets,
        )


async def _open_bluetooth(
    stack: contextlib.AsyncExitStack, places: Places
) -> tuple[LabBluetooth | None, str]:
    """Bluetooth where this machine can, and why not where it cannot."""
    try:
        from visitbridge.sim.lab.bluetooth import open_bluetooth  # noqa: PLC0415 - dbus-fast is for development

        return await stack.enter_async_context(open_bluetooth(places.readers)), ""
    except ImportError as exc:
        return None, f"not installed: {exc.name}"
    except DeviceError as exc:
        return None, exc.detail


def _bus_of(bluetooth: LabBluetooth | None) -> dict[str, str]:
    return {"DBUS_SYSTEM_BUS_ADDRESS": bluetooth.address} if bluetooth is not None else {}


async def _start_both(programs: _Running, portal: Portal, shared: Path | None) -> tuple[GatewayFacts, str]:
    async def portal_with_data() -> str:
        await programs.start_portal()
        return await portal.seed(shared)

    try:
        async with asyncio.TaskGroup() as group:
            starting = group.create_task(programs.start_gateway())
            seeding = group.create_task(portal_with_data())
    except ExceptionGroup as exc:
        # One reason is enough for the person in front of the terminal.
        raise exc.exceptions[0] from exc
    return starting.result(), seeding.result()


class _Running:
    """Start, stop and kill of the lab's programs, for its own start and for scenarios."""

    def __init__(self, gateway: Gateway, portal: Portal, relay: Relay, slots: Slots) -> None:
        self._gateway = gateway
        self._portal = portal
        self._relay = relay
        self._slots = slots
        self._facts = GatewayFacts(url="", ca_file="")
        self.phone: PhoneClient | None = None

    async def start_gateway(self) -> GatewayFacts:
        self._facts = await self._gateway.start()
        return self._facts

    async def start_portal(self) -> None:
        self._relay.retarget("127.0.0.1", await self._portal.start())

    async def _pair_url(self) -> str:
        if self.phone is None:
            raise DeviceError("the lab is still starting")
        return await new_pair_url(self.phone)

    def as_programs(self) -> Programs:
        pcscd = self._slots.pcscd
        return Programs(
            acts={
                "gateway": {
                    "start": self.start_gateway,
                    "stop": self._gateway.child.stop,
                    "kill": self._gateway.child.kill,
                },
                "portal": {
                    "start": self.start_portal,
                    "stop": self._portal.child.stop,
                    "kill": self._portal.child.kill,
                },
                "pcscd": {"start": pcscd.start, "kill": pcscd.kill} if pcscd is not None else {},
            },
            gateway=lambda: self._facts,
            pair_url=self._pair_url,
        )
