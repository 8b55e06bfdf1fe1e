"""The training rooms, from both sides of their door."""

from __future__ import annotations

from visitbridge.adapters.lapse_clock import LapseClock
from visitbridge.adapters.system_clock import SystemClock
from visitbridge.api.resources.lab import LESSONS, Lab
from visitbridge.api.resources.lapse import Lapse
from visitbridge.api.routes import AnyRoute
from visitbridge.app.parts import Parts
from visitbridge.config import Config
from visitbridge.ports.records import PairedPhone
from visitbridge.sim.training.house import TrainingHouse

FOLDER = "training"


def training_house(config: Config, clock: SystemClock) -> TrainingHouse | None:
    """The rooms that this box may open; None where they are switched off, and in a lab, which is one itself."""
    if not config.training.offered or config.lab.control is not None:
        return None
    idle_s = config.training.idle_minutes * 60
    return TrainingHouse(config.box.state_dir / FOLDER, clock, idle_s=idle_s)


def lesson_routes(config: Config, parts: Parts) -> list[AnyRoute]:
    """What only the rooms' own gateway answers: lessons, and time that passes at once."""
    if config.lab.training is None:
        return []
    desk = Lab(config.lab.training, LESSONS)

    async def stay_open(phone: PairedPhone) -> str:
        return await parts.phones.open(phone, why="time-lapse")

    def advance(seconds: float) -> None:
        if isinstance(parts.clock, LapseClock):
            parts.clock.advance(seconds)

    return [*desk.routes(), *Lapse(desk, advance, stay_open).routes()]
