"""The gateway in the lab: the real program with a configuration for this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec

from visitbridge.runtime.wiping import WIPING_ENVIRONMENT
from visitbridge.sim.lab.child import Child
from visitbridge.sim.lab.places import Places

_START_S = 120.0


class GatewayPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What differs from machine to machine. ``socket_readers``: 127.0.0.1:PORT, none when pcscd is used. ``training``: the
    socket of the desk that gives lessons, None outside a training.
    """

    http_port: int
    datacentre_port: int
    socket_readers: tuple[str, ...]
    environment: dict[str, str]
    bluetooth: bool = False
    training: Path | None = None


class GatewayFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway says when it is ready. ``presence_file``: where it shows codes to whoever sits at it."""

    url: str
    ca_file: str
    pair_url: str = ""
    presence_file: str = ""


class Gateway:
    """It can be stopped, killed and started again; its port stays the same."""

    def __init__(self, places: Places, plan: GatewayPlan) -> None:
        places.config.write_text(_config(places, plan), encoding="utf-8")
        self._presence_file = places.presence
        self.child = Child(
            "visitbridge",
            ["run", "--config", str(places.config), "--allow-virtual"],
            log_path=places.logs / "gateway.log",
            environment={**WIPING_ENVIRONMENT, **plan.environment},
        )

    async def start(self) -> GatewayFacts:
        facts = msgspec.convert(await self.child.start(within_s=_START_S), GatewayFacts)
        return msgspec.structs.replace(facts, presence_file=str(self._presence_file))


def _config(places: Places, plan: GatewayPlan) -> str:
    sections: Mapping[str, Mapping[str, object]] = {
        "box": {
            "name": "訓練閘道器" if plan.training else "示範閘道器",
            "state_dir": places.box / "state",
            "runtime_dir": places.box / "run",
        },
        "http": {"bind": "127.0.0.1", "port": plan.http_port, "hosts": ["127.0.0.1", "localhost"]},
        "datacentre": {"realm": "test", "connect": f"127.0.0.1:{plan.datacentre_port}"},
        "readers": {
            "pcsc": not plan.socket_readers,
            "bluetooth": plan.bluetooth,
            "socket": list(plan.socket_readers),
        },
        "lab": {"control": places.control} | ({"training": plan.training} if plan.training else {}),
        # Programs act as phones here, and nobody touches them for hours.
        "policy": {"phone_lock_minutes": 720},
        "store": {"key_file": places.box / "store.key"},
        "log": {"format": "console"},
    }
    lines = ["# Written by the lab at every start; changes are lost."]
    for name, section in sections.items():
        lines += ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in section.items())]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    # Strings, numbers, true and false, and lists of them are written the same in JSON and in TOML.
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)
