"""Simulated readers on the air: a Bumble peripheral for each, and a controller that the guest's kernel takes for its own.

Everything above the radio is real: the kernel's Bluetooth (hci_vhci), bluetoothd, D-Bus, the gateway's binding.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable

from bumble.controller import Controller
from bumble.core import PhysicalTransport
from bumble.hci import (
    Address,
    HCI_ErrorCode,
    HCI_LE_Connection_Complete_Event,
    HCI_LE_Create_Connection_Cancel_Command,
    HCI_StatusReturnParameters,
    LeFeatureMask,
    Role,
)
from bumble.hci import (
    HCI_LE_Advertising_Report_Event as Report,
)
from bumble.link import LocalLink
from bumble.ll import AdvExtInd, AdvInd
from bumble.transport.tcp_client import open_tcp_client_transport

from tests.vm.peripheral import Peripheral
from visitbridge.sim.bluez.device import Unit

BOX_ADDRESS = "F0:F1:F2:F3:F4:F0"
_RSSI_DBM = -50


class Ether(LocalLink):
    """Where controllers hear each other.

    Bumble 0.0.236 sends data from a controller's random address always; BlueZ connects from its public one.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def send_acl_data(
        self, sender: Controller, destination: Address, transport: PhysicalTransport, data: bytes
    ) -> None:
        """To the other end of the connection, from the address that it knows."""
        connection = sender.le_connections.get(destination)
        receiver = self.find_le_controller(destination)
        if connection is not None and receiver is not None:
            loop = asyncio.get_running_loop()
            loop.call_soon(receiver.on_link_acl_data, connection.self_address, transport, data)


class PlainController(Controller):
    """Without privacy and extended advertising.

    With these the guest's kernel waits for events of theirs, which Bumble 0.0.236 does not send, and does nothing
    else meanwhile.
    """

    le_features = LeFeatureMask.LE_ENCRYPTION


class BoxController(PlainController):
    """What the guest's kernel drives."""

    def on_advertising_pdu(self, pdu: AdvInd | AdvExtInd) -> None:
        """Report it and the answer to a scan request, for which Bumble takes the advertisement once more."""
        address = pdu.advertiser_address
        advertiser = self.link.find_le_controller(address)
        if self.le_scan_enable and advertiser is not None:
            for kind, data in (
                (Report.EventType.ADV_IND, pdu.data),
                (Report.EventType.SCAN_RSP, advertiser.le_legacy_advertiser.scan_response_data),
            ):
                report = Report.Report(
                    event_type=kind,
                    address_type=address.address_type,
                    address=address,
                    data=data,
                    rssi=_RSSI_DBM,
                )
                self.send_hci_packet(Report([report]))
        if self.pending_le_connection is not None and self.pending_le_connection.peer_address == address:
            self.create_le_connection(address)

    def on_hci_le_create_connection_cancel_command(
        self, command: HCI_LE_Create_Connection_Cancel_Command
    ) -> HCI_StatusReturnParameters:
        """End the attempt (Core 5.3 vol. 4 part E §7.8.13); Bumble goes on with it and says nothing."""
        pending, self.pending_le_connection = self.pending_le_connection, None
        if pending is None:
            return HCI_StatusReturnParameters(HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        gone = HCI_LE_Connection_Complete_Event(
            status=HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
            connection_handle=0,
            role=Role.CENTRAL,
            peer_address_type=pending.peer_address.address_type,
            peer_address=pending.peer_address,
            connection_interval=0,
            peripheral_latency=0,
            supervision_timeout=0,
            central_clock_accuracy=0,
        )
        asyncio.get_running_loop().call_soon(self.send_hci_packet, gone)
        return HCI_StatusReturnParameters(HCI_ErrorCode.SUCCESS)


class Air:
    """The readers that were ever in reach keep what a reader keeps: its address, its bond."""

    def __init__(self, ether: Ether) -> None:
        self._ether = ether
        self._peripherals: dict[str, Peripheral] = {}

    @contextlib.asynccontextmanager
    async def in_reach(self, units: Iterable[Unit]) -> AsyncIterator[list[Peripheral]]:
        """These readers are switched on and heard as long as this is open."""
        async with contextlib.AsyncExitStack() as stack:
            peripherals = []
            for unit in units:
                if unit.address not in self._peripherals:
                    controller = PlainController(unit.address, link=self._ether)
                    self._peripherals[unit.address] = Peripheral(unit, controller)
                peripherals.append(self._peripherals[unit.address])
                await stack.enter_async_context(peripherals[-1].switched_on(unit))
            yield peripherals


@contextlib.asynccontextmanager
async def open_air(port: int) -> AsyncIterator[Air]:
    """The guest has a Bluetooth adapter as long as this is open. ``port``: leads to ``inside/controller.py``."""
    ether = Ether()
    async with await open_tcp_client_transport(f"127.0.0.1:{port}") as transport:
        address = Address(BOX_ADDRESS, Address.PUBLIC_DEVICE_ADDRESS)
        BoxController(
            "box", host_source=transport.source, host_sink=transport.sink, link=ether, public_address=address
        )
        yield Air(ether)
