"""Replays a scenario against a running lab."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import singledispatchmethod
from typing import Any

import msgspec

from visitbridge.errors import DeviceError, FieldInvalid
from visitbridge.sim.lab.client import ApiRefused, LabClient, PhoneClient, bind_box
from visitbridge.sim.scenario import model
from visitbridge.sim.scenario.model import AnyStep, Check, Scenario
from visitbridge.sim.scenario.values import Nowhere, filled, look_up, unmet

Say = Callable[[str], None]

_ASK_AGAIN_S = 0.2
_CARD_WITHIN_S = 60.0


class ScenarioFailed(Exception):
    """A step did not go as written; the text says which, and what was found instead."""


class Engine:
    """One run of one scenario: a paired phone, the lab's switches, and what earlier steps kept."""

    def __init__(self, phone: PhoneClient, lab: LabClient, say: Say) -> None:
        self._phone = phone
        self._lab = lab
        self._say = say
        self._reader_ids: list[str] = []
        self.kept: dict[str, Any] = {}

    async def run(self, scenario: Scenario) -> None:
        """All steps in order. Raises ScenarioFailed at the first that does not go as written."""
        self._say(scenario.title)
        state = await self._lab.ask("GET", "/state")
        self._reader_ids = [reader["reader_id"] for reader in state["readers"]]
        for number, step in enumerate(scenario.steps, 1):
            began = time.monotonic()
            words = step.note or _words(step)
            try:
                await self._do(msgspec.convert(filled(msgspec.to_builtins(step), self.kept), type(step)))
            except (ScenarioFailed, FieldInvalid, DeviceError, Nowhere) as exc:
                self._say(f"✗ {number:2} {words}")
                raise ScenarioFailed(f"step {number} ({words}): {exc}") from exc
            self._say(f"✓ {number:2} {words}  {time.monotonic() - began:.2f} s")

    @singledispatchmethod
    async def _do(self, step: AnyStep) -> None:
        raise NotImplementedError(type(step).__name__)

    @_do.register
    async def _(self, step: model.Bind) -> None:
        await bind_box(self._phone, self._lab, step.name)

    @_do.register
    async def _(self, step: model.Insert) -> None:
        reader_id = self._reader(step.reader)
        before = await self._seen_insertions(reader_id) if step.recognised else 0
        order = {"reader_id": reader_id, **({"pull": step.pull} if step.pull else {})}
        await self._lab.ask("POST", f"/cards/{step.card}/insert", order)
        if step.recognised:
            slot = f"cards.readers[reader_id={reader_id}].card"
            await self._wait(
                "/api/state",
                "",
                (
                    Check(at=f"{slot}.insertion", above=before),
                    Check(at=f"{slot}.kind", differs="reading"),
                    Check(at=f"{slot}.kind", differs="none"),
                ),
                _CARD_WITHIN_S,
            )

    @_do.register
    async def _(self, step: model.Pull) -> None:
        reader_id = self._reader(step.reader)
        await self._lab.ask("POST", f"/readers/{reader_id}/pull")
        if step.noticed:
            gone = Check(at=f"cards.readers[reader_id={reader_id}].card.kind", equals="none")
            await self._wait("/api/state", "", (gone,), _CARD_WITHIN_S)

    @_do.register
    async def _(self, step: model.Link) -> None:
        await self._lab.ask("POST", "/link", {"mode": step.mode, "delay_ms": step.delay_ms})

    @_do.register
    async def _(self, step: model.Fault) -> None:
        await self._lab.ask("POST", "/portal/faults", step.order)

    @_do.register
    async def _(self, _: model.ClearFaults) -> None:
        await self._lab.ask("DELETE", "/portal/faults")

    @_do.register
    async def _(self, step: model.Clock) -> None:
        await self._lab.ask("POST", "/portal/clock", {"offset_s": step.offset_s})

    @_do.register
    async def _(self, step: model.Program) -> None:
        await self._lab.ask("POST", f"/programs/{step.name}/{step.act}")

    @_do.register
    async def _(self, step: model.SignIn) -> None:
        order = {"reader_id": self._reader(step.reader), "pin": step.pin}
        self.kept["staff"] = await self._phone.call("POST", "/api/staff/sessions", order)

    @_do.register
    async def _(self, step: model.StartVisit) -> None:
        order: dict[str, Any] = {"reader_id": self._reader(step.reader)}
        if step.offline is not None:
            order["offline"] = step.offline
        self.kept[step.visit] = await self._phone.call("POST", "/api/visits", order)

    @_do.register
    async def _(self, step: model.SaveVisit) -> None:
        visit = self._visit(step.visit)
        order = {"revision": visit["revision"], "content": step.content}
        saved = await self._phone.call("PUT", f"/api/visits/{visit['visit_id']}/content", order)
        visit["revision"] = saved["revision"]

    @_do.register
    async def _(self, step: model.FinishVisit) -> None:
        visit = self._visit(step.visit)
        order = {"revision": visit["revision"], "mode": step.mode}
        self.kept[step.visit] = await self._phone.call(
            "POST", f"/api/visits/{visit['visit_id']}/finish", order
        )

    @_do.register
    async def _(self, step: model.Call) -> None:
        try:
            answer = await self._phone.call(step.method, step.path, step.body)
        except ApiRefused as refused:
            code = look_up(refused.body, "error.code")
            if code != step.refused:
                raise
            answer = refused.body
        else:
            if step.refused:
                raise ScenarioFailed(f"it was not refused with {step.refused}")
        self._keep(step.keep, answer)

    @_do.register
    async def _(self, step: model.Look) -> None:
        self._keep(step.keep, await self._wait(step.api, step.lab, step.where, step.within_s))

    async def _wait(self, api: str, lab: str, checks: tuple[Check, ...], within_s: float) -> Any:
        """The first answer in which all checks hold. Raises ScenarioFailed when the time is over."""
        until = time.monotonic() + within_s
        while True:
            try:
                found = await (self._phone.call("GET", api) if api else self._lab.ask("GET", lab))
                missed = "; ".join(filter(None, (unmet(found, check) for check in checks)))
            except DeviceError as exc:
                found, missed = None, str(exc)
            if not missed:
                return found
            if time.monotonic() >= until:
                raise ScenarioFailed(f"{api or lab} after {within_s:g} s: {missed}")
            await asyncio.sleep(_ASK_AGAIN_S)

    async def _seen_insertions(self, reader_id: str) -> int:
        state = await self._phone.call("GET", "/api/state")
        try:
            return int(look_up(state, f"cards.readers[reader_id={reader_id}].card.insertion"))
        except Nowhere:
            return 0

    def _reader(self, number: int) -> str:
        if number > len(self._reader_ids):
            raise ScenarioFailed(f"the lab has {len(self._reader_ids)} readers")
        return self._reader_ids[number - 1]

    def _visit(self, name: str) -> dict[str, Any]:
        visit: dict[str, Any] = look_up(self.kept, f"{name}.visit")
        return visit

    def _keep(self, name: str, answer: Any) -> None:
        if name:
            self.kept[name] = answer


def _words(step: AnyStep) -> str:
    facts = msgspec.to_builtins(step)
    kind = facts.pop("do")
    details = " ".join(str(value) for key, value in facts.items() if value and key not in _LONG)
    return f"{kind} {details}".rstrip()


_LONG = {"where", "content", "body", "within_s", "recognised", "noticed", "note", "pin"}
