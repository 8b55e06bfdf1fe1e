"""Commands, as a technician types them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from PIL import Image
from zxingcpp import read_barcode

from tests.vpnportal.samples import NOW
from visitbridge.protocols.datacentre.audit_head import SignedHead
from visitbridge.protocols.datacentre.device import decode_ticket
from vpnportal.audit_heads import note_head
from vpnportal.cli import main
from vpnportal.commands.people import has_check_digit
from vpnportal.database import open_database
from vpnportal.devices import list_devices
from vpnportal.lab_data import LAB_DEVICE, LAB_INSTITUTION
from vpnportal.migrations import REVISIONS
from vpnportal.staff import list_staff

PLACE = ("--institution", LAB_INSTITUTION.code)
URL = ("--url", "https://portal.test:9443")


class Portal:
    """Runs commands on one folder; gives exit status, output and error."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *words: str | Path) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as done:
            main([*map(str, words), "--dir", str(self.folder)])
        output = self._capsys.readouterr()
        return done.value.code, output.out, output.err

    def json(self, *words: str | Path) -> dict[str, object]:
        status, output, error = self(*words)
        assert (status, error) == (0, "")
        return msgspec.json.decode(output, type=dict[str, object])


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Portal:
    return Portal(tmp_path, capsys)


@pytest.fixture
def seeded(run: Portal) -> Portal:
    assert run("seed-lab", *URL)[0] == 0
    return run


def test_seeding_twice_changes_nothing_but_the_ticket(run: Portal) -> None:
    first, second = (run.json("seed-lab", *URL, "--json") for _ in range(2))
    assert first["device"] == second["device"] == LAB_DEVICE
    assert first["ticket"] != second["ticket"]
    with open_database(f"sqlite:///{run.folder}/portal.db") as database:
        assert len(database.transact(list_devices)) == 1
        assert len(database.transact(lambda connection: list_staff(connection, LAB_INSTITUTION.code))) == 3


def test_the_picture_holds_the_ticket(seeded: Portal, tmp_path: Path) -> None:
    picture = tmp_path / "qr.png"
    shown = seeded.json("devices", "add", *PLACE, "--name", "二號", *URL, "--json", "--png", picture)
    with Image.open(picture) as image:
        read = read_barcode(image)
    assert read is not None
    assert read.text == shown["ticket"]
    assert decode_ticket(read.text).url == URL[1]
    assert str(shown["pin"]).isdigit()


def test_a_ticket_for_people(seeded: Portal) -> None:
    status, output, _ = seeded("devices", "ticket", *PLACE, "--name", LAB_DEVICE, *URL)
    words = [line.split() for line in output.splitlines()]
    assert (status, [line[0] for line in words]) == (0, ["QR-2", "PIN"])
    assert decode_ticket(words[0][1]).url == URL[1]


def test_a_ticket_needs_an_address(run: Portal) -> None:
    status, _, error = run("seed-lab")
    assert status == 1
    assert "--url" in error


def test_devices_are_listed_stopped_and_started(seeded: Portal) -> None:
    named = (*PLACE, "--name", LAB_DEVICE)
    assert "enabled  not bound" in seeded("devices", "list")[1]
    assert seeded("devices", "disable", *named)[0] == 0
    assert "disabled" in seeded("devices", "list")[1]
    assert seeded("devices", "enable", *named)[0] == 0
    assert "enabled" in seeded("devices", "list")[1]
    assert seeded("devices", "revoke", *named)[0] == 0


@pytest.mark.parametrize("words", [("erase",), ("confirm-erase", "--unsent", "0")])
def test_a_box_that_was_never_bound_has_nothing_to_erase(seeded: Portal, words: tuple[str, ...]) -> None:
    status, _, error = seeded("devices", words[0], *PLACE, "--name", LAB_DEVICE, *words[1:])

    assert (status, error.partition(":")[0], error.split(": ")[1]) == (1, "vpnportal", "name")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("devices", "disable", *PLACE, "--name", "nobody"), "name: the institution has no such device"),
        (
            ("devices", "add", *PLACE, "--name", LAB_DEVICE, *URL),
            "name: the institution has a device of this name",
        ),
        (("devices", "add", "--institution", "X", "--name", "N", *URL), "institution: no such institution"),
        (
            ("institutions", "add", "--institution", "123", "--name", "N"),
            "institution: 10 letters and digits",
        ),
        (("staff", "revoke", *PLACE, "--hpc", "1"), "hpc: no such card at this institution"),
        (("datasets", "import-public", "/nonexistent"), "/nonexistent: none of the published tables"),
        (("serve", "--database", "mysql://x/y"), "the database URL must be"),
        (("restore", "none.db"), "there is no such backup file"),
    ],
)
def test_refusals_say_why_in_one_line(seeded: Portal, words: tuple[str, ...], error: str) -> None:
    status, output, said = seeded(*words)
    assert (status, output) == (1, "")
    assert said.startswith(f"vpnportal: {error}")
    assert said.count("\n") == 1


def test_staff_are_added_listed_and_revoked(seeded: Portal) -> None:
    card = ("--hpc", "990000000009")
    person = ("--name", "新人樣本", "--staff-id", "T0009", "--id-no", "D100000009", "--kind", "nurse")
    assert seeded("staff", "add", *PLACE, *card, *person, "--right", "QPB", "--right", "QPA")[0] == 0
    assert "990000000009  T0009  新人樣本  nurse  QPB,QPA" in seeded("staff", "list", *PLACE)[1]
    assert (
        seeded("staff", "add", *PLACE, *card, *person)[2] == "vpnportal: hpc: the card is recorded already\n"
    )
    assert seeded("staff", "revoke", *PLACE, *card)[0] == 0
    assert "nurse  revoked" in seeded("staff", "list", *PLACE)[1]


def test_an_import_names_the_line_and_leaves_the_old_version(seeded: Portal, tmp_path: Path) -> None:
    before = seeded("datasets", "list")[1]
    table = tmp_path / "routes.csv"
    table.write_text("code,name_zh\nPO,口服\nPO,口服\n", "utf-8")
    status, _, error = seeded("datasets", "import", table, "--name", "routes")
    assert (status, error) == (1, "vpnportal: routes.csv:3:code: PO stands here a second time\n")
    assert seeded("datasets", "list")[1] == before


def test_an_import_is_offered_at_once_and_repeats_without_effect(seeded: Portal, tmp_path: Path) -> None:
    table = tmp_path / "routes.csv"
    table.write_text("code,name_zh\nPO,口服\n", "utf-8")
    words = ("datasets", "import", table, "--name", "routes")
    assert seeded(*words)[1].startswith("routes: 1 rows, version ")
    assert seeded(*words)[1].endswith("(unchanged)\n")
    assert seeded(*words, "--with-starter")[1].startswith("routes: 21 rows")


def test_the_published_tables_are_imported_whole(seeded: Portal, tmp_path: Path) -> None:
    (tmp_path / "nhi_med_route.csv").write_text("code,display,definition\nET,氣管內,\n", "utf-8")
    assert seeded("datasets", "import-public", tmp_path)[1].startswith("routes: 22 rows")


def test_a_backup_is_brought_back_under_a_new_epoch(seeded: Portal, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    assert seeded("backup", backup)[0] == 0
    assert seeded("backup", backup)[2] == "vpnportal: the backup file exists already; choose another name\n"
    seeded("devices", "add", *PLACE, "--name", "later", *URL)
    with open_database(f"sqlite:///{seeded.folder}/portal.db") as database:
        old = database.epoch
    assert seeded("restore", backup)[0] == 0
    assert "later" not in seeded("devices", "list")[1]
    with open_database(f"sqlite:///{seeded.folder}/portal.db") as database:
        assert database.epoch != old


def test_a_file_that_is_no_backup_changes_nothing(seeded: Portal, tmp_path: Path) -> None:
    (tmp_path / "junk.db").write_bytes(b"junk" * 1000)
    status, _, error = seeded("restore", tmp_path / "junk.db")
    assert (status, error) == (1, "vpnportal: the file is not a backup of this program\n")
    assert LAB_DEVICE in seeded("devices", "list")[1]


def test_a_new_epoch_for_databases_that_others_restore(seeded: Portal) -> None:
    first, second = seeded("new-epoch")[1], seeded("new-epoch")[1]
    assert first != second


def test_a_later_programs_database_is_refused(seeded: Portal) -> None:
    with open_database(f"sqlite:///{seeded.folder}/portal.db") as database:
        database.transact(
            lambda connection: connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        )
    status, _, error = seeded("devices", "list")
    assert (status, error) == (1, f"vpnportal: schema 9999, this program knows {REVISIONS[-1]}\n")


@pytest.mark.parametrize(("code", "fits"), [(LAB_INSTITUTION.code, True), ("9999999994", False)])
def test_check_digit(code: str, fits: bool) -> None:
    assert has_check_digit(code) is fits


def test_a_doubtful_institution_is_recorded_with_a_note(run: Portal) -> None:
    status, output, _ = run("institutions", "add", "--institution", "9999999994", "--name", "另一家")
    assert status == 0
    assert output.startswith("note: 9999999994")


def test_alerts_are_shown_and_settled(seeded: Portal) -> None:
    assert seeded("audit", "alerts")[1] == "no open alerts\n"
    with open_database(f"sqlite:///{seeded.folder}/portal.db") as database:
        (device,) = database.transact(list_devices)
        heads = [SignedHead(number=7, chain=chain, key_hex="0" * 64) for chain in ("1" * 64, "2" * 64)]
        database.transact(
            lambda connection: [note_head(connection, device.device_id, "s", head, NOW) for head in heads]
        )
    shown = seeded("audit", "alerts")[1]
    assert "1 audit alerts" in seeded("devices", "list")[1]

    assert "fork  row 7 after row 7" in shown
    assert seeded("audit", "seen", shown.split()[0])[0] == 0
    assert seeded("audit", "alerts")[1] == "no open alerts\n"
    assert "seen" in seeded("audit", "alerts", "--all")[1]
    assert seeded("audit", "seen", "x")[0] == 1


def test_the_rows_of_a_trail_are_shown_and_kept_for_seven_years(seeded: Portal) -> None:
    named = (*PLACE, "--name", LAB_DEVICE)
    assert seeded("audit", "show", *named) == (0, "", "")
    status, _, error = seeded("audit", "purge", "--before", "2026-01-01")
    assert (status, "before: rows are kept for 7 years" in error) == (1, True)
    assert seeded("audit", "purge", "--before", "2011-01-01")[1] == "0 rows before 2011-01-01 deleted\n"
