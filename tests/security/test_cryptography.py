"""docs/keys.toml against the code: who makes keys, by which primitives, with which generator (ASVS V6.5.3, V7.2.3, V11)."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.test_pairing import Desks, FullDisk
from visitbridge.adapters.store import open_store
from visitbridge.sim.clock import FakeClock

ROOT = Path(__file__).parents[2]
KEYS = tomllib.loads((ROOT / "docs" / "keys.toml").read_text("utf-8"))
ENTRIES = {name: entry for name, entry in KEYS.items() if name not in {"random", "primitives"}}
MEMBERS = {
    "purpose",
    "algorithm",
    "bits",
    "held_by",
    "made",
    "renewed",
    "destroyed",
    "ends",
    "modules",
}
MAKES = {
    "generate",
    "generate_private_key",
    "token_bytes",
    "token_hex",
    "token_urlsafe",
    "randbelow",
    "AESGCM",
    "CMAC",
    "Cipher",
    "HKDF",
    "Scrypt",
}
"""A module that uses one of these makes keys or works with them."""

BY_HAND = re.compile(
    r"0x428a2f98|0x6a09e667|0x63, ?0x7c, ?0x77|2 ?\*\* ?255 ?- ?19|ffffffff00000001000000000000000000000000",
    re.I,
)
"""First constants of SHA-256, of AES, and of the curves: nobody writes these down but to build the primitive."""


def _sources() -> Iterator[tuple[str, str]]:
    """Module name and text of what is shipped; simulated devices are apart."""
    for root in ("daemon/visitbridge", "daemon/vpnportal", "firmware_tools/vbtools"):
        for path in sorted((ROOT / root).rglob("*.py")):
            parts = path.relative_to((ROOT / root).parent).with_suffix("").parts
            name = ".".join(parts).removesuffix(".__init__")
            if not name.startswith("visitbridge.sim"):
                yield name, path.read_text("utf-8")


SOURCES = dict(_sources())
TREES = {name: ast.parse(text) for name, text in SOURCES.items()}


def used_names(tree: ast.Module) -> set[str]:
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return attributes | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def imported(tree: ast.Module, *packages: str) -> set[str]:
    """Names that come from these packages, and attributes taken of what was imported as a module from them."""
    names: set[str] = set()
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.asname or alias.name for alias in node.names if alias.name in packages}
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(packages):
            names |= {alias.name for alias in node.names}
    modules |= {name for name in names if name.islower()}
    taken = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
    }
    return taken | {name for name in names if not name.islower()}


MAKERS = sorted(
    name for name, tree in TREES.items() if used_names(tree) & MAKES and "import" in SOURCES[name]
)


@pytest.mark.parametrize("name", ENTRIES)
def test_V11_1_1_every_key_says_how_it_lives_and_ends(name: str) -> None:
    assert ENTRIES[name].keys() == MEMBERS
    assert all(ENTRIES[name].values())


@pytest.mark.parametrize("module", MAKERS)
def test_V11_1_2_whoever_makes_keys_stands_in_the_list(module: str) -> None:
    listed = {each for entry in ENTRIES.values() for each in entry["modules"]}

    assert module in listed | set(KEYS["random"]["modules"])


def test_the_list_names_no_module_that_is_gone() -> None:
    listed = {each for entry in ENTRIES.values() for each in entry["modules"]}

    assert listed | set(KEYS["random"]["modules"]) | set(KEYS["random"]["jitter"]) <= SOURCES.keys()


def test_V11_2_1_primitives_come_from_the_libraries_and_are_decided_on() -> None:
    parts = ("asymmetric", "ciphers", "kdf", "cmac", "hashes")
    packages = (*(f"cryptography.hazmat.primitives.{part}" for part in parts), "hashlib", "hmac")
    found = set().union(*(imported(tree, *packages) for tree in TREES.values()))

    assert found == set(KEYS["primitives"]["allowed"])


@pytest.mark.parametrize("module", SOURCES)
def test_V11_2_1_nobody_writes_a_primitive_by_hand(module: str) -> None:
    assert BY_HAND.search(SOURCES[module]) is None


def test_V11_5_1_the_generator_is_the_operating_systems_wherever_it_matters() -> None:
    """Of ``random`` only the system's generator is used, to spread delays, and no other generator anywhere."""
    users = {name for name, tree in TREES.items() if imported(tree, "random")}
    taken = set().union(*(imported(tree, "random") for tree in TREES.values()))
    other = {
        name for name, tree in TREES.items() if imported(tree, "numpy.random", "uuid") & {"uuid1", "getnode"}
    }

    assert users == set(KEYS["random"]["jitter"])
    assert taken == {"SystemRandom"}
    assert other == set()


async def test_V6_5_3_V7_2_3_links_cookies_and_codes_come_from_that_generator(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    def token(size: int) -> str:
        given.append(f"token-{len(given)}-of-{size}")
        return given[-1]

    monkeypatch.setattr("secrets.token_urlsafe", token)
    monkeypatch.setattr("secrets.randbelow", lambda limit: limit - 1)
    async with open_store(tmp_path / "store.db", bytes(32), clock=clock) as store:
        desks = Desks(FullDisk(store), clock)
        link = desks.pairing.mint_token()
        secret = desks.ask(link)
        code = desks.code
        opened = await desks.pairing.confirm(secret, code)

    assert [link, secret, opened.cookie] == given
    assert [text.rpartition("-")[2] for text in given] == ["16", "16", "32"], "128, 128 and 256 bits"
    assert code == "999999"
