"""What the two codes of a label say."""

from __future__ import annotations


def wifi_code(ssid: str, key: str) -> str:
    """Joins a phone to the box's Wi-Fi; the form that phones' cameras know, with its escapes (hardware.md §5)."""
    return f"WIFI:T:WPA;S:{_escaped(ssid)};P:{_escaped(key)};;"


def page_code(address: str, token: str) -> str:
    """Opens the pairing page. The token is in the fragment, which a browser sends to nobody."""
    return f"https://{address}/p#{token}"


def _escaped(text: str) -> str:
    return "".join(f"\\{symbol}" if symbol in '\\;,":' else symbol for symbol in text)
