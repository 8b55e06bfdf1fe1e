"""One Chromium for the suite; each phone is a browser context of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.patience import PATIENCE_S
from tests.webui.fake_box import FakeBox
from tests.webui.lab import RunningLab, open_running_lab
from tests.webui.phone import CHROMIUM, Look, Phone
from tests.webui.samples import answers, topics
from tests.webui.studio import Studio, open_studio

ARTEFACTS = Path(__file__).resolve().parents[2] / ".artifacts" / "webui"

_FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]

_LONGEST = (
    "test_screens.py",
    "test_whole_visit.py",
    "test_visit_parts.py",
    "test_manners.py",
    "test_training_rooms.py",
)

NewPhone = Callable[..., Phone]


def pytest_configure(config: pytest.Config) -> None:
    """Files are given out to processes as :func:`pytest_collection_modifyitems` orders them, not by their number of tests."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that no process is left alone with one of them at the end."""
    here = Path(__file__).parent
    place = {here / name: number for number, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(_LONGEST)))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium with the fonts of ``fonts.conf``; without its sandbox only as root, where it cannot have one."""
    fonts: dict[str, str | float | bool] = {
        **os.environ,
        "FONTCONFIG_FILE": str(Path(__file__).resolve().parent / "fonts.conf"),
    }
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    expect.set_options(timeout=PATIENCE_S * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS + sandbox, env=fonts)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def artefacts() -> Path:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    return ARTEFACTS


@pytest.fixture
def box() -> Iterator[FakeBox]:
    with FakeBox(topics(), answers()).open_server() as running:
        yield running


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with open_running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def own_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """For one test alone; its link pairs a phone within ten minutes of its start."""
    with open_running_lab(tmp_path_factory.mktemp("own-lab")) as running:
        yield running


@pytest.fixture(scope="session")
def studio(chromium: Browser) -> Iterator[Studio]:
    with open_studio(chromium) as opened:
        yield opened


@pytest.fixture
def new_phone(chromium: Browser) -> Iterator[NewPhone]:
    """``new_phone()`` or ``new_phone(look)``: a phone that has never seen the box."""
    phones: list[Phone] = []

    def make(look: Look | None = None) -> Phone:
        phones.append(Phone(chromium, look))
        return phones[-1]

    yield make
    for phone in phones:
        phone.close()


@pytest.fixture
def phone(new_phone: NewPhone) -> Phone:
    return new_phone()
