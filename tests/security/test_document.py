"""The OpenAPI document against the running box: what it promises is what comes back, for right and wrong input alike."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.app.box import RunningBox, config_for, running_box
from tests.app.test_every_route import whole_table
from tests.patience import PATIENCE_S
from visitbridge.api.dispatch import COOKIE
from visitbridge.api.openapi import openapi_document
from visitbridge.config import TrainingSection

EXAMPLES = 12
LEFT_OUT = {"/api/events", "/api/phone/lock"}
"""The one never ends; after the other every call of this phone would be refused, and nothing more tested."""
document = openapi_document(
    [
        route
        for route in whole_table().routes
        if route.path not in LEFT_OUT and not route.path.startswith("/api/lab/")
    ],
    version="1",
)
for operation in (operation for methods in document["paths"].values() for operation in methods.values()):
    # Who may call is tested cell by cell in test_permissions.py; here every call is the owner's.
    del operation["security"]
# A body may be too large as well as wrong; whichever is found first is told.
REFUSALS = ("400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429")
schema = schemathesis.openapi.from_dict(
    document,
    config=SchemathesisConfig.from_dict(
        {"checks": {"negative_data_rejection": {"expected-statuses": list(REFUSALS)}}}
    ),
)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBox]:
    """A box in a thread of its own: the checks are not asynchronous."""
    folder: Path = tmp_path_factory.mktemp("box")
    started: Future[tuple[RunningBox, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        # Rooms that one call opens would stand open while the other calls are tried; tests/app/test_training.py opens them.
        config = msgspec.structs.replace(config_for(folder), training=TrainingSection(offered=False))
        async with running_box(config) as running:
            await running.pair()
            over = asyncio.Event()
            started.set_result((running, asyncio.get_running_loop(), over))
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    running, loop, over = started.result(timeout=PATIENCE_S)
    yield running
    loop.call_soon_threadsafe(over.set)
    thread.join()


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_box_keeps_to_its_document(case: schemathesis.Case[Any], box: RunningBox) -> None:
    case.call_and_validate(
        base_url=box.origin,
        headers={"Cookie": f"{COOKIE}={box.cookie}", "Origin": box.origin},
        verify=str(box.ready.ca_file),
        # A visit, a card or a session that the input names has to exist, which no schema can say.
        excluded_checks=[positive_data_acceptance],
    )
