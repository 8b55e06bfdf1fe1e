from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.api.house import House, open_house
from visitbridge.api.cached import Document
from visitbridge.api.static import read_webui, without_gaps, without_jsdoc, without_layout
from visitbridge.errors import ConfigError
from visitbridge.sim.clock import FakeClock

INDEX = "<!doctype html><title>訪視盒</title>" + "<p>text</p>" * 200


@pytest.fixture
def webui(tmp_path: Path) -> Path:
    """A web UI with everything that must be served and much that must not."""
    root = tmp_path / "webui"
    files = {
        "index.html": INDEX,
        "app.js": "export const a = 1;\n" * 100,
        "core/api.js": "export {};",
        "css/base.css": "body{margin:0}" * 100,
        "css/tokens.css": "/* all of them */\n:root {\n  --step: 8px;\n}\n",
        "css/tour.css": ".tour {\n  top: 0;\n}\n",
        "lib/preact.js": "export const h = 0;" * 50,
        "lib/preact.d.ts": "export {};",
        "core/api.test.js": "secret",
        "core/types.d.ts": "secret",
        "core/.hidden.js": "secret",
        "vendor.txt": "secret",
        "tsconfig.json": "{}",
        "node_modules/x.js": "secret",
    }
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return root


def test_only_what_the_pages_need_is_served(webui: Path) -> None:
    assert set(read_webui(webui)) == {
        "/",
        "/p",
        "/app.js",
        "/core/api.js",
        "/css/page.css",
        "/css/tour.css",
        "/lib/preact.js",
    }


@pytest.mark.parametrize(
    ("module", "served"),
    [
        (
            b"const a = [\n  /** @type {number} */ (f()),\n];\n\n/**\n * About b.\n */\nfunction b() {}\n",
            b"const a = [\n  (f()),\n];\n\nfunction b() {}\n",
        ),
        (b"f((/** @type {string} */ a) => a);\n", b"f((a) => a);\n"),
        (b"/** @param {number} n */\nlet n;\n", b"let n;\n"),
        (b"a;\n  /**\n   * words\n   */\n  b;\n", b"a;\n  b;\n"),
        (b'x = "/** no comment */";\n', b'x = "/** no comment */";\n'),
        (b"/* licence */\n// why\n", b"/* licence */\n// why\n"),
    ],
)
def test_types_stay_at_home(module: bytes, served: bytes) -> None:
    assert without_jsdoc(module) == served


def test_the_sheets_of_the_first_page_are_one_answer(webui: Path) -> None:
    files = read_webui(webui)

    assert files["/css/page.css"].plain == b":root{--step:8px}" + b"body{margin:0}" * 100
    assert files["/css/tour.css"].plain == b".tour{top:0}"


@pytest.mark.parametrize(
    ("sheet", "served"),
    [
        (b"/* why */\na,\nb > c {\n  color: red;\n  margin: 0 1px;\n}\n", b"a,b > c{color:red;margin:0 1px}"),
        (b"@media (width: 1px) {\n  a:hover {\n    top: 0;\n  }\n}\n", b"@media (width:1px){a:hover{top:0}}"),
        (
            b'a {\n  width: calc(1px + 2px);\n  content: "a b";\n}\n',
            b'a{width:calc(1px + 2px);content:"a b"}',
        ),
    ],
)
def test_a_style_sheet_goes_without_the_gaps_that_mean_nothing(sheet: bytes, served: bytes) -> None:
    assert without_gaps(sheet) == served


def test_what_means_nothing_to_a_phone_stays_at_home() -> None:
    module = b"f(\n  // why\n  html`<p>\n    ${a}</p>`,\n\t'  // kept',\n);\n"

    assert without_layout(module) == b"f(\nhtml`<p>\n${a}</p>`,\n'  // kept',\n);\n"


def test_a_folder_without_a_page_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"index\.html is missing"):
        read_webui(tmp_path)


async def test_pages_come_compressed_and_typed(tmp_path: Path, clock: FakeClock, webui: Path) -> None:
    async with open_house(tmp_path, clock, files=read_webui(webui)) as house:
        page = await house.ask("GET", "/", headers={"Accept-Encoding": "gzip"})
        script = await house.ask("GET", "/app.js", headers={"Accept-Encoding": "identity"})
        pairing = await house.ask("GET", "/p")
        missing = await house.ask("GET", "/core/api.test.js")
        escape = await house.ask("GET", "/..%2f..%2fetc%2fpasswd")

    assert page.body.decode() == INDEX
    assert page.headers["Content-Encoding"] == "gzip"
    assert int(page.headers["Content-Length"]) < len(INDEX) / 2
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"
    assert page.headers["Vary"] == "Accept-Encoding"
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert "Content-Encoding" not in script.headers
    assert pairing.body == page.body
    assert (missing.status, escape.status) == (404, 404)


async def test_a_page_that_the_browser_has_is_not_sent_again(
    tmp_path: Path, clock: FakeClock, webui: Path
) -> None:
    async with open_house(tmp_path, clock, files=read_webui(webui)) as house:
        first = await house.ask("GET", "/app.js")
        again = await house.ask("GET", "/app.js", headers={"If-None-Match": first.headers["ETag"]})
        plain = await house.ask(
            "GET", "/app.js", headers={"If-None-Match": first.headers["ETag"], "Accept-Encoding": "identity"}
        )

    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert plain.status == 200


@pytest.mark.parametrize("language", ["zh-Hant-TW", "en"])
async def test_the_catalogue_of_words_is_open_and_cached(house: House, language: str) -> None:
    answer = await house.ask("GET", f"/api/words/{language}")
    again = await house.ask(
        "GET", f"/api/words/{language}", headers={"If-None-Match": answer.headers["ETag"]}
    )

    assert answer.json["error.GW-LNK-03.what"].startswith(
        {"zh-Hant-TW": "健保VPN", "en": "The NHI"}[language]
    )
    assert answer.headers["Cache-Control"] == "no-cache"
    assert again.status == 304


@pytest.mark.parametrize("language", ["zh-Hant-TW", "en"])
async def test_the_words_of_the_start_page_are_a_small_part_of_all(house: House, language: str) -> None:
    everything = (await house.ask("GET", f"/api/words/{language}")).json
    first = (await house.ask("GET", f"/api/words/{language}/first")).json

    assert first.items() <= everything.items()
    assert "ui.home.title" in first
    assert len(first) < len(everything) / 8


@pytest.mark.parametrize("path", ["/api/words/fr", "/api/words/fr/first"])
async def test_there_are_two_languages(house: House, path: str) -> None:
    assert (await house.ask("GET", path)).code == "GW-REQ-04"


async def test_the_api_describes_itself(house: House) -> None:
    document = (await house.ask("GET", "/api/openapi.json")).json

    assert document["info"]["version"] == "0.0.0-test"
    assert "/api/pair" in document["paths"]


@pytest.mark.parametrize(
    ("accept", "zipped"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("GZIP", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("gzipped", False),
    ],
)
async def test_compression_is_agreed(tmp_path: Path, clock: FakeClock, accept: str, zipped: bool) -> None:
    files = {"/x": Document("text/css", b"a" * 1000)}
    async with open_house(tmp_path, clock, files=files) as house:
        answer = await house.ask("GET", "/x", headers={"Accept-Encoding": accept})

    assert ("Content-Encoding" in answer.headers) is zipped
    assert answer.body == b"a" * 1000


def test_what_does_not_shrink_stays_as_it_is() -> None:
    assert Document("text/css", b"a").zipped is None
    assert gzip.decompress(Document("text/css", b"a" * 99).zipped or b"") == b"a" * 99
