from typing import Any

class Characteristic:
    # None until ``resolve_gatt`` found it.
    characteristic_methods: Any

    def resolve_gatt(self) -> bool: ...
    @property
    def flags(self) -> list[str]: ...
