"""vb-image: what a card's image is made of, built from a tiny tree without being root (beyond #12)."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import platform
import subprocess
from pathlib import Path

import pytest

from vbtools.image.boot_files import autoboot, command_line
from vbtools.image.command import FIRMWARE_FILES, make_disk
from vbtools.image.initrd import INIT, make_initrd, modules_in_order
from vbtools.image.layout import MIB, SECTOR, Sizes, number_of, partitions, size_mib, starts_mib
from vbtools.image.root import name_version, own_sources
from visitbridge.app.health import program_versions
from visitbridge.errors import FieldInvalid

SMALL = Sizes(card=8, boot=8, root=16, data=8)
RELEASE = "6.1.0-test-arm64"
SYSTEM = INIT.parent
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
SHIPPED = sorted(SYSTEM.glob("*.sh"))


def run(*command: str, given: str = "") -> str:
    return subprocess.run(
        command, check=True, capture_output=True, text=True, input=given, env=os.environ | {"PATH": PATH}
    ).stdout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree as ``vb-image root`` leaves it, as far as the disk looks at it."""
    tree = tmp_path / "root"
    modules = tree / "lib/modules" / RELEASE
    for name in (
        "fs/ext4/ext4",
        "fs/mbcache",
        "fs/jbd2/jbd2",
        "fs/overlayfs/overlay",
        "drivers/usb/host/xhci-pci",
    ):
        file = modules / f"kernel/{name}.ko"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode())
    (modules / "modules.dep").write_text(
        "kernel/fs/ext4/ext4.ko: kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko\n"
        "kernel/fs/mbcache.ko:\nkernel/fs/jbd2/jbd2.ko:\nkernel/fs/overlayfs/overlay.ko:\n"
        "kernel/drivers/usb/host/xhci-pci.ko:\n"
    )
    (modules / "modules.builtin").write_text(
        "kernel/crypto/crc32c_generic.ko\nkernel/drivers/mmc/core/mmc_block.ko\n"
    )
    for name, content in {
        "bin/busybox": b"a busybox",
        f"boot/vmlinuz-{RELEASE}": b"a kernel",
        f"usr/lib/linux-image-{RELEASE}/broadcom/bcm2711-rpi-4-b.dtb": b"a board",
        "etc/hostname": b"visitbridge\n",
    }.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(content)
    return tree


@pytest.fixture
def image(root: Path, tmp_path: Path) -> Path:
    file = tmp_path / "box.img"
    make_disk(root, file, SMALL, None)
    return file


def offset_of(name: str) -> int:
    return next(start for partition, start in starts_mib(partitions(SMALL)) if partition.name == name) * MIB


def test_the_table_is_the_one_that_the_firmware_and_the_first_process_look_for(image: Path) -> None:
    table = json.loads(run("sfdisk", "--json", str(image)))["partitiontable"]
    ends = [each["start"] + each["size"] for each in table["partitions"]]

    assert table["label"] == "gpt"
    assert [each["name"] for each in table["partitions"]] == [
        "card",
        "boot-a",
        "boot-b",
        "root-a",
        "root-b",
        "data",
    ]
    assert [each["size"] * SECTOR // MIB for each in table["partitions"]] == [8, 8, 8, 16, 16, 8]
    assert all(each["start"] * SECTOR % (4 * MIB) == 0 for each in table["partitions"])
    assert ends[:-1] == [each["start"] for each in table["partitions"]][1:]
    assert image.stat().st_size == size_mib(partitions(SMALL)) * MIB
    run("sfdisk", "--verify", str(image))


@pytest.mark.parametrize("slot", ["a", "b"])
def test_each_slot_boots_its_own_root(image: Path, slot: str) -> None:
    boot = f"{image}@@{offset_of(f'boot-{slot}')}"
    files = {name: run("mtype", "-i", boot, f"::{name}") for name in ("cmdline.txt", "config.txt", "vmlinuz")}

    assert files["vmlinuz"] == "a kernel"
    assert f" visitbridge.slot={slot} " in files["cmdline.txt"]
    assert " panic=" in files["cmdline.txt"]
    assert "kernel=vmlinuz\ninitramfs initrd.gz followkernel\n" in files["config.txt"]
    assert run("mtype", "-i", boot, "::bcm2711-rpi-4-b.dtb") == "a board"


@pytest.mark.parametrize("slot", ["a", "b"])
def test_each_root_is_a_whole_file_system_with_the_tree(image: Path, tmp_path: Path, slot: str) -> None:
    part = tmp_path / "part"
    with image.open("rb") as disk:
        disk.seek(offset_of(f"root-{slot}"))
        part.write_bytes(disk.read(16 * MIB))

    run("e2fsck", "-fn", str(part))

    assert run("debugfs", "-R", "cat /etc/hostname", str(part)) == "visitbridge\n"
    assert f"vb-root-{slot}" in run("dumpe2fs", "-h", str(part))


def test_a_laptop_finds_the_first_partition_with_what_chooses_the_slot(image: Path) -> None:
    card = f"{image}@@{offset_of('card')}"

    assert run("mtype", "-i", card, "::autoboot.txt") == (
        "[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n"
    )
    assert "VB-CARD" in run("mlabel", "-i", card, "-s", "::")


def test_the_data_partition_is_the_last_so_that_it_can_grow() -> None:
    table = partitions(Sizes())

    assert table[-1].name == "data"
    assert autoboot(table, "b").splitlines()[2:] == ["boot_partition=3", "[tryboot]", "boot_partition=2"]
    assert (number_of(table, "boot-a"), number_of(table, "boot-b")) == (2, 3)


def test_an_image_takes_as_much_room_as_it_holds(image: Path) -> None:
    assert image.stat().st_blocks * 512 < image.stat().st_size // 2


def test_the_first_root_holds_drivers_in_the_order_in_which_they_load(root: Path, tmp_path: Path) -> None:
    (tmp_path / "initrd").write_bytes(gzip.decompress(make_initrd(root, RELEASE)))
    run("sh", "-c", f"mkdir {tmp_path}/x && cd {tmp_path}/x && cpio --extract --quiet <../initrd")

    assert sorted(path.name for path in (tmp_path / "x/modules").iterdir()) == [
        "00-jbd2.ko",
        "01-mbcache.ko",
        "02-ext4.ko",
        "03-overlay.ko",
        "04-xhci-pci.ko",
    ]
    assert (tmp_path / "x/init").read_bytes() == INIT.read_bytes()
    assert (tmp_path / "x/init").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "x/bin/sh").read_bytes() == b"a busybox"
    assert make_initrd(root, RELEASE) == make_initrd(root, RELEASE)


def test_a_kernel_that_cannot_read_cards_makes_no_image(root: Path) -> None:
    (root / "lib/modules" / RELEASE / "modules.builtin").write_text("")

    with pytest.raises(FieldInvalid, match="has no crc32c_generic") as caught:
        modules_in_order(root, RELEASE)

    assert caught.value.field == "root"


@pytest.mark.parametrize(
    ("sizes", "spoil", "field"),
    [
        (Sizes(card=8, boot=8, root=1, data=8), "", "size"),
        (SMALL, "bin/busybox", "root"),
        (SMALL, f"lib/modules/{RELEASE}/modules.dep", "root"),
    ],
    ids=["root too small", "no busybox", "no modules.dep"],
)
def test_what_cannot_be_made_is_refused_and_leaves_nothing(
    root: Path, tmp_path: Path, sizes: Sizes, spoil: str, field: str
) -> None:
    (root / "var/large").parent.mkdir()
    (root / "var/large").write_bytes(os.urandom(2 * MIB))
    for name in filter(None, [spoil]):
        (root / name).unlink()

    with pytest.raises(FieldInvalid) as caught:
        make_disk(root, tmp_path / "box.img", sizes, None)

    assert caught.value.field == field
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_nothing_is_overwritten(image: Path, root: Path) -> None:
    with pytest.raises(FieldInvalid, match="exists"):
        make_disk(root, image, SMALL, None)


def test_firmware_goes_into_both_slots_and_must_be_some(root: Path, tmp_path: Path) -> None:
    firmware = tmp_path / "firmware"
    (firmware / "overlays").mkdir(parents=True)
    with pytest.raises(FieldInvalid, match="no firmware"):
        make_disk(root, tmp_path / "box.img", SMALL, firmware)
    (firmware / FIRMWARE_FILES[0]).write_bytes(b"firmware")
    (firmware / "config.txt").write_bytes(b"somebody else's")
    (firmware / "overlays/disable-bt.dtbo").write_bytes(b"an overlay")

    make_disk(root, tmp_path / "box.img", SMALL, firmware)

    for slot in ("a", "b"):
        boot = f"{tmp_path / 'box.img'}@@{offset_of(f'boot-{slot}')}"
        assert run("mtype", "-i", boot, f"::{FIRMWARE_FILES[0]}") == "firmware"
        assert run("mtype", "-i", boot, "::overlays/disable-bt.dtbo") == "an overlay"
        assert "arm_64bit=1" in run("mtype", "-i", boot, "::config.txt")


class Card:
    """The script of the slots, on folders instead of partitions."""

    def __init__(self, folder: Path, running: str) -> None:
        self._folder = folder
        (folder / "parts").mkdir(parents=True)
        (folder / "autoboot.txt").write_text(autoboot(partitions(SMALL), "a"))
        (folder / "cmdline").write_text(f"BOOT_IMAGE=x {command_line('b' if running == 'b' else 'a')}")

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        places = {
            "VISITBRIDGE_CARD": str(self._folder),
            "VISITBRIDGE_COMMAND_LINE": str(self._folder / "cmdline"),
            "VISITBRIDGE_PARTITIONS": str(self._folder / "parts"),
            "PATH": PATH,
        }
        return subprocess.run(
            ["sh", str(SYSTEM / "slot.sh"), *arguments],
            check=False,
            capture_output=True,
            text=True,
            env=os.environ | places,
        )

    def part(self, name: str) -> bytes:
        return (self._folder / "parts" / name).read_bytes()


def test_a_slot_that_was_tried_and_is_good_is_kept(tmp_path: Path) -> None:
    card = Card(tmp_path / "card", "b")

    assert card("show").stdout == "running: b\nstarts by itself: a\n"
    assert card("keep").returncode == 0
    assert card("show").stdout == "running: b\nstarts by itself: b\n"
    assert (tmp_path / "card/autoboot.txt").read_text() == autoboot(partitions(SMALL), "b")


@pytest.mark.parametrize(("running", "other"), [("a", "b"), ("b", "a")])
def test_an_image_is_written_to_the_slot_that_does_not_run(
    image: Path, tmp_path: Path, running: str, other: str
) -> None:
    card = Card(tmp_path / "card", running)
    card("keep")
    done = card("write", str(image))
    written = {path.name for path in (tmp_path / "card/parts").iterdir()}

    assert (done.returncode, done.stdout) == (0, f"written: {other}\n")
    assert written == {f"boot-{other}", f"root-{other}"}
    content = image.read_bytes()
    start = offset_of(f"root-{other}")
    assert card.part(f"root-{other}") == content[start : start + 16 * MIB]


def test_the_last_good_slot_is_not_written_over_by_one_on_trial(image: Path, tmp_path: Path) -> None:
    card = Card(tmp_path / "card", "b")

    assert card("write", str(image)).returncode == 1
    assert list((tmp_path / "card/parts").iterdir()) == []


@pytest.mark.parametrize(
    "table",
    [
        "",
        'label: gpt\nname="root-b"\n',
        'label: gpt\nsize=1MiB, name="root-a"\nsize=1MiB, name="boot-a"\n',
    ],
    ids=["no table", "half of a slot", "another slot's"],
)
def test_a_file_that_is_no_image_is_not_written(tmp_path: Path, table: str) -> None:
    file = tmp_path / "not.img"
    with file.open("wb") as empty:
        empty.truncate(8 * MIB)
    for script in filter(None, [table]):
        run("sfdisk", "--quiet", str(file), given=script)
    card = Card(tmp_path / "card", "a")

    done = card("write", str(file))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(f"{file} is no image of a box\n")
    assert list((tmp_path / "card/parts").iterdir()) == []


def test_a_machine_without_slots_says_so(tmp_path: Path) -> None:
    card = Card(tmp_path / "card", "a")
    (tmp_path / "card/cmdline").write_text("root=/dev/sda1\n")

    done = card("show")

    assert (done.returncode, done.stderr) == (1, "this machine has no slots\n")


@pytest.mark.parametrize("script", SHIPPED, ids=lambda path: path.name)
def test_scripts_are_shell_and_can_be_started(script: Path) -> None:
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0


def test_what_the_gateway_keeps_lasts(root: Path) -> None:
    """Folders of the units and the files that provisioning writes are all below a place that lasts."""
    lasting = [line for line in (SYSTEM / "lasting").read_text().splitlines() if line.startswith("/")]
    needed = (
        "/var/lib/visitbridge",
        "/etc/visitbridge",
        "/etc/credstore.encrypted",
        "/var/lib/systemd",
        "/var/lib/bluetooth",
    )

    assert set(needed) <= set(lasting)
    assert len(lasting) == len(set(lasting))


@pytest.mark.parametrize("unit", sorted(SYSTEM.glob("*.service")), ids=lambda path: path.name)
def test_units_of_the_image_are_what_systemd_expects(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text()
    for name in ("machine", "grow"):
        text = text.replace(f"/usr/lib/visitbridge-image/{name}", "/bin/true")
    (tmp_path / unit.name).write_text(text.replace("operations.md", ""))

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name)],
        check=False,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, [line for line in done.stderr.splitlines() if unit.name in line]) == (0, [])


def test_a_release_that_this_machine_has_no_source_of_is_refused() -> None:
    with pytest.raises(FieldInvalid) as caught:
        own_sources("potato")

    assert caught.value.field == "sources"


def test_an_image_names_its_version_where_the_gateway_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "usr/lib/os-release"
    file.parent.mkdir(parents=True)
    file.write_text("ID=debian\n")

    name_version(tmp_path, dt.datetime(2026, 3, 9, 5, 7, tzinfo=dt.UTC))

    said = dict(line.split("=") for line in file.read_text().splitlines())
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: said)
    versions = program_versions()
    assert (said["IMAGE_ID"], versions.image) == ("visitbridge", "20260309.0507")
