from __future__ import annotations

from pathlib import Path

from visitbridge.config import load_config
from visitbridge.sim.lab.gateway import Gateway, GatewayPlan
from visitbridge.sim.lab.places import Places


async def test_the_gateway_understands_the_configuration_that_the_lab_writes(tmp_path: Path) -> None:
    places = Places(tmp_path / 'a "quoted" \\ folder')
    places.root.mkdir()
    plan = GatewayPlan(
        http_port=8600,
        datacentre_port=9600,
        socket_readers=("127.0.0.1:7001", "127.0.0.1:7002"),
        environment={},
    )
    Gateway(places, plan)
    config = load_config(places.config).config
    assert config.http.port == 8600
    assert config.datacentre.connect == "127.0.0.1:9600"
    assert (config.readers.pcsc, config.readers.socket) == (False, ("127.0.0.1:7001", "127.0.0.1:7002"))
    assert config.lab.control == places.control
    assert config.box.state_dir == places.box / "state"
    assert config.store.key_file == places.box / "store.key"
