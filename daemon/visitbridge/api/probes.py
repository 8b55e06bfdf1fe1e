"""What phones and computers fetch, right after they joined a Wi-Fi, to see whether the Internet is behind it (ux §3.2).

A probe answered as its maker expects keeps the device on the box's Wi-Fi and silent; any other answer makes it open a
window with what it got. Exact host and path only: nothing else is answered under a foreign name.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

_APPLE = b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"


@dataclass(frozen=True, slots=True)
class Probe:
    """The answer that its maker takes for the Internet. ``status`` 0: none, the page is always shown."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain"

    def online(self) -> web.Response:
        headers = {"Cache-Control": "no-store"}
        if not self.body:
            return web.Response(status=self.status, headers=headers)
        return web.Response(
            status=self.status, body=self.body, content_type=self.content_type, headers=headers
        )


_SUCCESS = Probe(200, _APPLE, "text/html")
_NO_CONTENT = Probe(204)
_SHOW = Probe(0)

PROBES: dict[tuple[str, str], Probe] = {
    # iOS, iPadOS, macOS
    ("captive.apple.com", "/hotspot-detect.html"): _SUCCESS,
    ("captive.apple.com", "/"): _SUCCESS,
    ("www.apple.com", "/library/test/success.html"): _SUCCESS,
    # Android: AOSP's NetworkMonitor, and what older and other builds of it ask
    ("connectivitycheck.gstatic.com", "/generate_204"): _NO_CONTENT,
    ("connectivitycheck.android.com", "/generate_204"): _NO_CONTENT,
    ("clients3.google.com", "/generate_204"): _NO_CONTENT,
    ("www.google.com", "/gen_204"): _NO_CONTENT,
    ("www.google.com", "/generate_204"): _NO_CONTENT,
    ("play.googleapis.com", "/generate_204"): _NO_CONTENT,
    ("connect.rom.miui.com", "/generate_204"): _NO_CONTENT,
    ("conn1.oppomobile.com", "/generate_204"): _NO_CONTENT,
    ("conn2.oppomobile.com", "/generate_204"): _NO_CONTENT,
    # Windows: NCSI; the second host is that of Windows 8 and earlier
    ("www.msftconnecttest.com", "/connecttest.txt"): Probe(200, b"Microsoft Connect Test"),
    ("ipv6.msftconnecttest.com", "/connecttest.txt"): Probe(200, b"Microsoft Connect Test"),
    ("www.msftncsi.com", "/ncsi.txt"): Probe(200, b"Microsoft NCSI"),
    ("www.msftconnecttest.com", "/redirect"): _SHOW,
}

PROBE_HOSTS = frozenset(host for host, _ in PROBES)


def find_probe(request: web.Request) -> Probe | None:
    """The probe that this request is, if it is one: GET or HEAD, one Host header, port 80 or none named."""
    hosts = request.headers.getall("Host", [])
    if len(hosts) != 1 or request.method not in {"GET", "HEAD"} or not request.raw_path.startswith("/"):
        return None
    return PROBES.get((hosts[0].lower().removesuffix(":80"), request.path))
