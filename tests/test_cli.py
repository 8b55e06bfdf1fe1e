from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.box import small_webui
from tests.patience import PATIENCE_S
from visitbridge import __version__
from visitbridge.cli import COMMANDS, EXIT_CONFIG, EXIT_SOFTWARE, main


def config_file(folder: Path, extra: str = "") -> Path:
    file = folder / "visitbridge.toml"
    file.write_text(
        f"""
        [box]
        state_dir = "{folder}/state"
        runtime_dir = "{folder}/run"
        [http]
        port = 0
        webui_dir = "{small_webui(folder)}"
        [readers]
        pcsc = false
        bluetooth = false
        [store]
        key_file = "{folder}/store.key"
        {extra}
        """,
        "utf-8",
    )
    return file


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "visitbridge", "run", "--config", config_file(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_announces_itself_and_ends_cleanly(
    gateway: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    assert gateway.stdout is not None
    ready = json.loads(gateway.stdout.readline())

    gateway.send_signal(number)
    _, logs = gateway.communicate(timeout=PATIENCE_S)

    assert gateway.returncode == 0
    assert ready["event"] == "ready"
    assert ready["url"].startswith("https://127.0.0.1:")
    assert ready["pair_url"].startswith(f"{ready['url']}p#")
    assert Path(ready["ca_file"]).is_file()
    assert json.loads((tmp_path / "run" / "ready.json").read_text("utf-8")) == ready
    assert (tmp_path / "run" / "ready.json").stat().st_mode & 0o777 == 0o600
    assert ready["pair_url"].partition("#")[2] not in logs
    assert "stopped" in logs


def test_a_wrong_configuration_is_reported_whole_and_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_TW.UTF-8")
    file = config_file(tmp_path, "[log]\nlevel = 'loud'\n[radio]\nx = 1\n")

    code = main(["config", "check", "--config", str(file)])

    assert code == EXIT_CONFIG
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("GW-CFG-01 盒子的設定有誤")
    assert lines[1:] == [
        f"  {file}: [log] level: Invalid enum value 'loud'",
        f"  {file}: [radio] is unknown (known: {', '.join(section_names())})",
    ]


def section_names() -> list[str]:
    line = ["modem", "uplinks", "link", "time"]
    last = ["outbox", "store", "log", "support", "power"]
    return ["box", "http", "datacentre", "readers", *line, "lab", "training", "policy", "pairing", *last]


def test_a_right_configuration_is_confirmed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check", "--config", str(config_file(tmp_path))]) == 0
    assert capsys.readouterr().out == "ok: 7 keys set, the rest are defaults\n"


def test_the_values_in_force_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = config_file(tmp_path)

    assert main(["config", "dump", "--config", str(file)]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert f"pcsc = false  # {file}" in lines
    assert "concurrency = 4  # default" in lines


def test_simulated_parts_need_permission(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    file = config_file(tmp_path, f"[lab]\ncontrol = '{tmp_path}/lab.sock'\n")

    assert main(["run", "--config", str(file)]) == EXIT_CONFIG
    err = capsys.readouterr().err
    assert err.startswith("GW-CFG-02 The configuration asks for a simulated device")
    assert "[lab] control needs --allow-virtual" in err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out == f"visitbridge {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_found_where_the_table_says(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])

    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: visitbridge {command} ")


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])

    told = re.findall(r"^ {4}([a-z-]+)", capsys.readouterr().out, re.MULTILINE)
    assert set(told) == set(COMMANDS)


ONLY_LATER = {
    *("PIL", "qrcode", "fpdf", "alembic", "prometheus_client"),
    *("smartcard", "gi", "dbus", "visitbridge.adapters.ble", "visitbridge.adapters.pcsc"),
    *("visitbridge.sim.lab.command", "visitbridge.sim.scenario"),
}


@pytest.mark.parametrize(
    ("command", "absent"),
    [("run", ONLY_LATER), ("health", {"aiohttp", "sqlalchemy", "visitbridge.app"}), ("version", {"aiohttp"})],
)
def test_a_command_loads_nothing_that_it_may_never_need(command: str, absent: set[str]) -> None:
    """Most of a start on a small machine is loading."""
    program = (
        "import sys\nfrom visitbridge.cli import COMMANDS\nfrom visitbridge.runtime.loading import load\n"
        f"load(COMMANDS[{command!r}])\nprint(*sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert COMMANDS[command] in told.stdout.split()
    assert not absent & set(told.stdout.split())


def test_loading_leaves_the_environment_and_the_collector_as_they_were() -> None:
    program = (
        "import gc, os\nos.environ['SSL_CERT_DIR'] = 'mine'\nbefore = dict(os.environ)\n"
        "from visitbridge.runtime.loading import load\nload('visitbridge.cli.serving')\n"
        "import aiohttp.connector as connector\n"
        "authorities = connector._SSL_CONTEXT_VERIFIED.cert_store_stats()['x509_ca']\n"
        "print(dict(os.environ) == before, gc.isenabled(), gc.get_freeze_count() > 0, authorities)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert told.stdout.split() == ["True", "True", "True", "0"]


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["config"], ["run", "--allow"]])
def test_wrong_usage_is_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    assert caught.value.code == 2
    assert "usage: visitbridge" in capsys.readouterr().err


def test_the_queue_of_a_running_box_is_told(gateway: subprocess.Popen[str], tmp_path: Path) -> None:
    assert gateway.stdout is not None
    gateway.stdout.readline()
    command = [sys.executable, "-m", "visitbridge", "queue", "--config", str(tmp_path / "visitbridge.toml")]
    english = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}

    told = subprocess.run(command, capture_output=True, text=True, env=english, check=False)
    gateway.terminate()
    gateway.communicate(timeout=PATIENCE_S)
    silent = subprocess.run(command, capture_output=True, text=True, env=english, check=False)

    assert (told.returncode, told.stdout) == (0, "0 waiting, 0 need a person, 0 being sent; VPN down\n")
    assert (silent.returncode, silent.stderr.partition(":")[0]) == (69, "The box's service does not answer")
    assert not (tmp_path / "run" / "status.json").exists()


def test_a_bug_is_reported_by_its_place_and_not_by_its_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(file: Path) -> None:
        raise ExceptionGroup("A123456788", [LookupError("王小明")]) from ValueError("A123456788")

    monkeypatch.setattr("visitbridge.cli.configuration.load_config", broken)
    monkeypatch.setenv("LC_ALL", "C")

    assert main(["config", "check"]) == EXIT_SOFTWARE

    err = capsys.readouterr().err
    assert err.startswith("GW-000 The box met a problem that nobody foresaw.")
    assert "LookupError" in err
    assert "ValueError" in err
    assert "broken" in err
    assert "A123456788" not in err
    assert "王小明" not in err


def test_a_technician_gets_a_fresh_pairing_link(gateway: subprocess.Popen[str], tmp_path: Path) -> None:
    assert gateway.stdout is not None
    first = json.loads(gateway.stdout.readline())["pair_url"]
    command = [sys.executable, "-m", "visitbridge", "pair", "--config", str(tmp_path / "visitbridge.toml")]
    environment = {"LC_ALL": "C", "PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "utf-8"}

    told = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    gateway.terminate()
    stdout, logs = gateway.communicate(timeout=PATIENCE_S)
    silent = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    *_, link, fingerprint = told.stdout.splitlines()
    assert told.returncode == 0
    assert link.partition("#")[0] == first.partition("#")[0]
    assert link != first
    assert link.partition("#")[2] not in stdout + logs
    assert len(fingerprint.partition(": ")[2]) == 64
    assert silent.returncode == 69
