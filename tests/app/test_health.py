"""The health of a running box: on a technician's phone, for a program that watches, and at the shell (S03)."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.app.box import RunningBox, config_for, running_box
from visitbridge import __version__
from visitbridge.adapters.console import order
from visitbridge.adapters.store.migrations import REVISIONS
from visitbridge.errors import ConfigError
from visitbridge.protocols.health import BoxHealth

TOKEN = "a-token-of-more-than-32-characters"


def credentials(folder: Path, token: str) -> Path:
    place = folder / "credentials"
    place.mkdir()
    (place / "metrics.token").write_text(token + "\n", "ascii")
    return place


async def watched(box: RunningBox, authorization: str) -> tuple[int, bytes]:
    """As a program asks that has no phone's cookie."""
    status, body = await box.ask(
        "GET", "/metrics", headers={"Authorization": authorization} if authorization else {}
    )
    return status, body if isinstance(body, bytes) else msgspec.json.encode(body)


async def test_S03_a_technician_sees_the_versions_of_program_schema_and_data(tmp_path: Path) -> None:
    async with running_box(config_for(tmp_path)) as box:
        await box.pair()
        status, told = await box.ask("GET", "/api/health")
        _, alive = await box.ask("GET", "/api/alive")
    health = msgspec.convert(told, BoxHealth)

    assert status == 200
    assert (health.versions.program, health.versions.schema) == (__version__, REVISIONS[-1])
    assert health.versions.system
    assert health.disk.writable
    assert (health.bound, health.queue.drained) == (False, True)
    assert alive == {"status": "ok", "version": __version__}


async def test_a_technicians_phone_reads_the_metrics(tmp_path: Path) -> None:
    async with running_box(config_for(tmp_path)) as box:
        await box.pair()
        status, body = await watched(box, "")

    assert status == 200
    assert b"visitbridge_unsent_items 0.0\n" in body


@pytest.mark.parametrize(
    ("authorization", "wanted"),
    [
        (f"Bearer {TOKEN}", 200),
        ("", 401),
        ("Bearer ", 401),
        (f"Bearer {TOKEN}x", 401),
        (f"Bearer {TOKEN[:-1]}", 401),
        (TOKEN, 401),
        (f"Basic {TOKEN}", 401),
    ],
)
async def test_a_program_reads_the_metrics_by_its_token_alone(
    tmp_path: Path, authorization: str, wanted: int
) -> None:
    async with running_box(config_for(tmp_path), credentials=credentials(tmp_path, TOKEN)) as box:
        assert (await watched(box, authorization))[0] == wanted
        status, _ = await box.ask("GET", "/api/health", headers={"Authorization": f"Bearer {TOKEN}"})
        assert status == 401, "the token is good for the metrics and nothing else"


async def test_without_a_token_no_bearer_gets_in(tmp_path: Path) -> None:
    async with running_box(config_for(tmp_path)) as box:
        assert [(await watched(box, shown))[0] for shown in ("Bearer", "Bearer ", "Bearer None")] == [401] * 3


async def test_a_token_that_can_be_guessed_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="fewer than 32"):
        async with running_box(config_for(tmp_path), credentials=credentials(tmp_path, "secret")):
            pass


async def test_the_shell_is_told_the_same(tmp_path: Path) -> None:
    config = config_for(tmp_path)
    async with running_box(config):
        answer = await order(config.box.runtime_dir, "health")

    assert answer is not None
    assert msgspec.json.decode(answer.answer, type=BoxHealth).versions.program == __version__
