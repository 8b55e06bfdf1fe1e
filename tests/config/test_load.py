from __future__ import annotations

from pathlib import Path

import pytest

from visitbridge.config import Config, dump, load_config
from visitbridge.errors import ConfigError


def write(folder: Path, text: str, name: str = "visitbridge.toml") -> Path:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def problems(file: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    return caught.value.problems


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    loaded = load_config(write(tmp_path, ""))

    assert loaded.config == Config()
    assert loaded.origins == {}


def test_values_are_taken_as_typed(tmp_path: Path) -> None:
    loaded = load_config(
        write(
            tmp_path,
            """
            [box]
            name = "二號盒"
            state_dir = "/srv/box"
            [http]
            hosts = ["10.77.0.1", "vb", "fe80::1"]
            [policy]
            staff_max_hours = 4
            """,
        )
    )

    assert loaded.config.box.name == "二號盒"
    assert loaded.config.box.state_dir == Path("/srv/box")
    assert loaded.config.http.hosts == ("10.77.0.1", "vb", "fe80::1")
    assert loaded.config.policy.staff_max_hours == 4.0


def test_conf_d_overrides_single_keys_in_order_of_name(tmp_path: Path) -> None:
    file = write(tmp_path, "[http]\nport = 1\nbind = '10.0.0.1'\n")
    write(tmp_path / "conf.d", "[http]\nport = 3\n", "20-late.toml")
    write(tmp_path / "conf.d", "[http]\nport = 2\n", "10-early.toml")
    write(tmp_path / "conf.d", "[http]\nport = 4\n", "30-not-toml.conf")

    loaded = load_config(file)

    assert loaded.config.http.port == 3
    assert loaded.config.http.bind == "10.0.0.1"
    assert loaded.origins == {
        "http.port": tmp_path / "conf.d" / "20-late.toml",
        "http.bind": file,
    }


def test_every_problem_of_every_file_is_reported_at_once(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
        [http]
        port = 70000
        hsts = ["x"]
        [reader]
        pcsc = true
        [outbox]
        concurrency = "four"
        """,
    )
    extra = write(tmp_path / "conf.d", "[store]\nkey_file = 'keys/store'\nbox = 1\n", "a.toml")
    broken = write(tmp_path / "conf.d", "[http\n", "b.toml")

    found = problems(file)

    assert [line.split(":")[0] for line in found].count(str(file)) == 4
    assert f"{file}: [http] port: Expected `int` <= 65535" in found
    assert f"{file}: [http] hsts is unknown; did you mean hosts?" in found
    assert f"{file}: [reader] is unknown; did you mean readers?" in found
    assert f"{file}: [outbox] concurrency: Expected `int`, got `str`" in found
    assert f"{extra}: [store] key_file: must be an absolute path" in found
    assert f"{extra}: [store] box is unknown (known: credential, key_file)" in found
    assert [line for line in found if line.startswith(f"{broken}: not a TOML file")]
    assert len(found) == 7


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "[http]\ntls_cert = '/a.pem'\n",
            "[http] tls_key: tls_cert and tls_key are given together or not at all",
        ),
        ("[http]\nhosts = ['a', 'a']\n", "[http] hosts: names a host twice"),
        ("[link]\nhosts = ['a:1', 'a:1']\n", "[link] hosts: names a host twice"),
        ("[http]\nhosts = []\n", "[http] hosts: Expected `array` of length >= 1"),
        ("[outbox]\namber_s = 80000\n", "[outbox] red_s: must lie between amber_s and overdue_s"),
        ("[datacentre]\nrealm = 'live'\n", "[datacentre] realm: Invalid enum value 'live'"),
        ("[policy]\nstaff_max_hours = 9\n", "[policy] staff_max_hours: Expected `float` <= 8.0"),
        ("[box]\nstate_dir = 7\n", "[box] state_dir: Expected a path as text"),
        ("http = 1\n", "http is a section, written [http]"),
        (
            "[datacentre]\nrealm = 'production'\n[lab]\ncontrol = '/lab.sock'\n",
            "[lab] control: a box of the production realm cannot run in a lab",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_key(tmp_path: Path, text: str, problem: str) -> None:
    (found,) = problems(write(tmp_path, text))

    assert found.endswith(f": {problem}")


@pytest.mark.parametrize("host", ["https://vb", "vb:8443", "", "-vb", "v b", "vb..local", "*.local", "[::1]"])
def test_a_host_is_a_bare_name_or_address(tmp_path: Path, host: str) -> None:
    (found,) = problems(write(tmp_path, f"[http]\nhosts = ['{host}']\n"))

    assert "[http] hosts: " in found


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    (found,) = problems(tmp_path / "absent.toml")

    assert found == f"{tmp_path / 'absent.toml'}: cannot be read: No such file or directory"


def test_the_dump_reads_back_to_the_same_configuration_and_names_origins(tmp_path: Path) -> None:
    first = write(
        tmp_path,
        """
        [box]
        name = 'quote " and \\ and 字'
        [http]
        port = 9000
        tls_cert = "/c.pem"
        tls_key = "/k.pem"
        """,
    )
    loaded = load_config(first)

    text = dump(loaded)

    assert load_config(write(tmp_path, text, "again.toml")).config == loaded.config
    assert f"port = 9000  # {first}" in text.splitlines()
    assert 'bind = "127.0.0.1"  # default' in text.splitlines()
    assert "# webui_dir is not set  # default" in text.splitlines()
