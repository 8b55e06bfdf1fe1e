from typing import Any

class Device:
    remote_device_path: str
    remote_device_methods: Any

    @property
    def trusted(self) -> bool: ...
    @trusted.setter
    def trusted(self, new_state: bool) -> None: ...
