"""What the box says to one page on its event stream, heard where the browser receives it."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from tests.webui.phone import Phone

_STREAM = "/api/events"
_BACK_IN_SIGHT = "document.dispatchEvent(new Event('visibilitychange'))"


class Ear:
    """Listens from the stream that the page opens next, which it is made to do, to the end of the page.

    Events are told in the order in which they came; a comment of the stream is none.
    """

    def __init__(self, phone: Phone) -> None:
        self._heard = bytearray()
        self._streams: list[str] = []
        self._network = phone.context.new_cdp_session(phone.page)
        self._network.on("Network.responseReceived", self._on_answer)
        self._network.on("Network.dataReceived", self._on_data)
        self._network.send("Network.enable")
        phone.page.evaluate(_BACK_IN_SIGHT)
        while b"event: snapshot" not in self._heard:
            phone.settle()
        self._heard.clear()

    def changes(self, topic: str) -> list[Any]:
        """Values of a topic that the page was told since it listens."""
        blocks = self._heard.decode().split("\n\n")[:-1]
        bodies = [
            msgspec.json.decode(line[6:])
            for block in blocks
            for line in block.splitlines()
            if line.startswith("data: ")
        ]
        return [body["value"] for body in bodies if body.get("topic") == topic]

    def _on_answer(self, event: dict[str, Any]) -> None:
        if event["response"]["url"].endswith(_STREAM):
            self._streams = [event["requestId"]]
            sent = self._network.send("Network.streamResourceContent", {"requestId": event["requestId"]})
            self._heard += base64.b64decode(sent["bufferedData"])

    def _on_data(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self._streams:
            self._heard += base64.b64decode(event.get("data", ""))
