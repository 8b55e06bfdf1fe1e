"""QEMU's two JSON protocols over a Unix socket: QMP (docs/interop/qmp-spec) and its guest agent (docs/interop/qemu-ga-ref)."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from pathlib import Path
from typing import Any, Self

_ASK_AGAIN_S = 2.0


class Refused(AssertionError):
    """The other side answered with an error."""


class JsonPort:
    """One command at a time, from whichever thread, each with its deadline. Events in between are dropped."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._received = b""
        self._one_command = threading.Lock()

    @classmethod
    def open_qmp(cls, path: Path) -> Self:
        port = cls(path)
        port.call("qmp_capabilities", within_s=30)
        return port

    @classmethod
    def open_agent(cls, path: Path, *, within_s: float) -> Self:
        """Wait until the agent in the guest runs; what it did not hear before it ran, it may answer or not."""
        port = cls(path)
        limit_s = time.monotonic() + within_s
        for mark in itertools.count(1):
            port._send("guest-sync", id=mark)
            try:
                while port._line(time.monotonic() + _ASK_AGAIN_S).get("return") != mark:
                    pass
            except TimeoutError:
                if time.monotonic() > limit_s:
                    raise
            else:
                break
        return port

    def call(self, command: str, *, within_s: float, **arguments: Any) -> Any:
        """Raises Refused, TimeoutError, and ConnectionError when the machine is gone."""
        with self._one_command:
            self._send(command, **arguments)
            limit_s = time.monotonic() + within_s
            while True:
                answer = self._line(limit_s)
                if "error" in answer:
                    raise Refused(f"{command}: {answer['error'].get('desc')}")
                if "return" in answer:
                    return answer["return"]

    def close(self) -> None:
        self._socket.close()

    def _send(self, command: str, **arguments: Any) -> None:
        message = {"execute": command, **({"arguments": arguments} if arguments else {})}
        self._socket.settimeout(None)
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def _line(self, limit_s: float) -> dict[str, Any]:
        while b"\n" not in self._received:
            self._socket.settimeout(max(0.001, limit_s - time.monotonic()))
            piece = self._socket.recv(65536)
            if not piece:
                raise ConnectionResetError("the machine hung up")
            self._received += piece
        line, _, self._received = self._received.partition(b"\n")
        # The agent marks where a new conversation begins with a byte that JSON cannot hold.
        answer: dict[str, Any] = json.loads(line.lstrip(b"\xff"))
        return answer
