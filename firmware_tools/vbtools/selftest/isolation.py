"""Whether the firewall stands that keeps phones, the box and the VPN apart, as the kernel has it now."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any, Final

from vbtools.selftest.model import Finding, Outcome

INTERFACES: Final = Path("/etc/visitbridge/visitbridge-interfaces.nft")
"""Written at provisioning; without it nobody has said yet which interface is which."""

OPEN_TO_PHONES: Final = {"tcp": frozenset({80, 443}), "tcp+udp": frozenset({53}), "udp": frozenset({67})}
_DEADLINE_S = 10.0


async def try_isolation(interfaces: Path = INTERFACES) -> Finding:
    """Input and forwarding closed unless a rule opens them, and phones let in to pages, names and addresses only."""
    if not await asyncio.to_thread(interfaces.is_file):
        return Finding(probe="isolation", outcome=Outcome.ABSENT, reason="not_provisioned")
    listed = await _list_table()
    if listed is None:
        return Finding(probe="isolation", outcome=Outcome.BAD, reason="no_firewall")
    policies = _policies(listed)
    facts: dict[str, str | int | float] = {
        f"{hook}_policy": policies.get(hook, "-") for hook in ("input", "forward")
    }
    ports = _ports_for_phones(listed)
    facts["open_to_phones"] = " ".join(str(port) for port in sorted(ports))
    if {policies.get("input"), policies.get("forward")} != {"drop"} or _forwards(listed):
        return Finding(probe="isolation", outcome=Outcome.BAD, reason="open", facts=facts)
    if not ports <= frozenset[int]().union(*OPEN_TO_PHONES.values()):
        return Finding(probe="isolation", outcome=Outcome.BAD, reason="ports", facts=facts)
    return Finding(probe="isolation", outcome=Outcome.GOOD, facts=facts)


async def _list_table() -> list[dict[str, Any]] | None:
    try:
        process = await asyncio.create_subprocess_exec(
            *("nft", "--json", "list", "table", "inet", "visitbridge"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=os.environ | {"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"},
        )
    except FileNotFoundError:
        return None
    async with asyncio.timeout(_DEADLINE_S):
        out, _ = await process.communicate()
    listed: list[dict[str, Any]] = json.loads(out)["nftables"] if process.returncode == 0 else []
    return listed or None


def _policies(listed: list[dict[str, Any]]) -> dict[str, str]:
    chains = [entry["chain"] for entry in listed if "chain" in entry]
    return {chain["hook"]: chain["policy"] for chain in chains if chain.get("type") == "filter"}


def _rules(listed: list[dict[str, Any]], chain: str) -> list[list[dict[str, Any]]]:
    return [entry["rule"]["expr"] for entry in listed if "rule" in entry and entry["rule"]["chain"] == chain]


def _forwards(listed: list[dict[str, Any]]) -> bool:
    return any("accept" in part for rule in _rules(listed, "forward") for part in rule)


def _ports_for_phones(listed: list[dict[str, Any]]) -> frozenset[int]:
    """Destination ports in rules of ``from_phones`` that accept."""
    accepting = [rule for rule in _rules(listed, "from_phones") if any("accept" in part for part in rule)]
    return frozenset(port for rule in accepting for part in rule for port in _dports(part))


def _dports(part: dict[str, Any]) -> list[int]:
    match = part.get("match", {})
    left = match.get("left", {})
    if not (isinstance(left, dict) and left.get("payload", {}).get("field") == "dport"):
        return []
    right = match["right"]
    values = right["set"] if isinstance(right, dict) and "set" in right else [right]
    return [port for value in values for port in _spread(value)]


def _spread(value: Any) -> list[int]:
    if isinstance(value, dict) and "range" in value:
        low, high = value["range"]
        return list(range(low, high + 1))
    return [int(value)]
