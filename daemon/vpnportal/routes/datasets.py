"""Data sets: the manifest, resumable downloads, the group that a box uses (B13, S02)."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import Connection

from visitbridge.protocols.datacentre.uploads import DataSetManifest, GroupChoice
from vpnportal.callers import Caller, Need
from vpnportal.database import Database
from vpnportal.datasets import DataSetShelf
from vpnportal.devices import set_dataset_group
from vpnportal.problems import malformed
from vpnportal.routing import Guard
from vpnportal.wire import answer, read_message

DATASET_TYPE = "application/x-ndjson"


class DataSetRoutes:
    """Versions never change, so a download may be resumed by range at any time."""

    def __init__(self, database: Database, shelf: DataSetShelf) -> None:
        self._database = database
        self._shelf = shelf

    def register(self, app: web.Application, guard: Guard) -> None:
        guard.add(app, "GET", "/datasets", Need.ENABLED, self._manifest)
        guard.add(app, "POST", "/device/dataset-group", Need.ENABLED, self._choose)
        guard.add(app, "GET", "/datasets/{name}/{version}", Need.ENABLED, self._file)

    async def _manifest(self, _: web.Request, caller: Caller) -> web.Response:
        group = caller.device.dataset_group
        return answer(await self._database.run(lambda connection: self._offer(connection, group)))

    async def _choose(self, request: web.Request, caller: Caller) -> web.Response:
        group = (await read_message(request, GroupChoice)).group

        def work(connection: Connection) -> DataSetManifest:
            if group not in self._shelf.groups(connection):
                raise malformed("no set is of this group", field="group")
            set_dataset_group(connection, caller.device_id, group)
            return self._offer(connection, group)

        return answer(await self._database.run(work))

    def _offer(self, connection: Connection, group: str) -> DataSetManifest:
        return DataSetManifest(
            datasets=self._shelf.manifest(connection, group),
            group=group,
            groups=self._shelf.groups(connection),
        )

    async def _file(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        name, version = request.match_info["name"], request.match_info["version"]
        group = caller.device.dataset_group
        path = await self._database.run(lambda connection: self._shelf.file(connection, name, version, group))
        if path is None:
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={"Content-Type": DATASET_TYPE})
