"""Data sets: the manifest and resumable downloads (B13)."""

from __future__ import annotations

from aiohttp import web

from visitbridge.protocols.datacentre.uploads import DataSetManifest
from vpnportal.callers import Caller, Need
from vpnportal.database import Database
from vpnportal.datasets import DataSetShelf
from vpnportal.routing import Guard
from vpnportal.wire import answer

DATASET_TYPE = "application/x-ndjson"


class DataSetRoutes:
    """Versions never change, so a download may be resumed by range at any time."""

    def __init__(self, database: Database, shelf: DataSetShelf) -> None:
        self._database = database
        self._shelf = shelf

    def register(self, app: web.Application, guard: Guard) -> None:
        guard.add(app, "GET", "/datasets", Need.ENABLED, self._manifest)
        guard.add(app, "GET", "/datasets/{name}/{version}", Need.ENABLED, self._file)

    async def _manifest(self, _: web.Request, caller: Caller) -> web.Response:
        group = caller.device.dataset_group
        infos = await self._database.run(lambda connection: self._shelf.manifest(connection, group))
        return answer(DataSetManifest(datasets=infos))

    async def _file(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        name, version = request.match_info["name"], request.match_info["version"]
        group = caller.device.dataset_group
        path = await self._database.run(lambda connection: self._shelf.file(connection, name, version, group))
        if path is None:
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={"Content-Type": DATASET_TYPE})
