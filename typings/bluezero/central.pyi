from bluezero.adapter import Adapter
from bluezero.device import Device
from bluezero.GATT import Characteristic

class Central:
    dongle: Adapter
    rmt_device: Device

    def __init__(self, device_addr: str, adapter_addr: str | None = None) -> None: ...
    def add_characteristic(self, srv_uuid: str, chrc_uuid: str) -> Characteristic: ...
