"""vb-provision: what lies on the boot partition of each box's card, and on the label that is stuck on the box."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
import math
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from vbtools.ca import main as make_authority
from vbtools.provision.card import box_configuration, card_files
from vbtools.provision.command import CHECKOUT_PROFILES, main
from vbtools.provision.images import BOOT, FIRSTRUN_ARGUMENTS, FORMS, image_files
from vbtools.provision.labels import Label, label_sheet
from vbtools.provision.links import wifi_code
from vbtools.provision.profile import Box, Profile, read_boxes, read_profile
from vbtools.provision.secrets import ALPHABET, BoxSecrets, make_secrets
from visitbridge.adapters.tls import install_institution_certificate
from visitbridge.config import load_config
from visitbridge.errors import FieldInvalid

GOLDEN = Path(__file__).parent / "golden"
PROFILE = """
institution = "仁愛居家護理所"
{extra}
[modem]
profile = "ec25"
apn = "vpn.example"
auth = "chap"
user = "box"
[technician]
ssh_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample technician"]
"""
BOXES = "serial,apn_password,sim_pin\nVB-001,correct horse,4711\nVB-002,,\n"


def fixed_secrets() -> BoxSecrets:
    """Of a source of randomness that counts."""
    symbols = itertools.cycle(ALPHABET)
    return make_secrets(lambda alphabet: next(symbols))


def network_profiles() -> dict[str, str]:
    return {file.name: file.read_text("utf-8") for file in CHECKOUT_PROFILES.glob("*.nmconnection")}


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A technician's folder: authority, profile, list of boxes."""
    assert make_authority(["make", str(tmp_path / "ca"), "--institution", "仁愛居家護理所"]) == 0
    (tmp_path / "visitbridge_0.1.0_arm64.deb").write_bytes(b"a package")
    extra = 'authority = "ca"\npackage = "visitbridge_0.1.0_arm64.deb"'
    (tmp_path / "clinic.toml").write_text(PROFILE.format(extra=extra), "utf-8")
    (tmp_path / "boxes.csv").write_text(BOXES, "utf-8")
    return tmp_path


def provision(desk: Path, *options: str) -> int:
    return main([str(desk / "clinic.toml"), str(desk / "boxes.csv"), str(desk / "out"), *options])


@pytest.mark.parametrize("form", FORMS)
def test_B01_files_of_a_card_are_the_golden_ones(form: str) -> None:
    profile, box = read_profile(PROFILE.format(extra="")), read_boxes(BOXES)[0]
    secrets = fixed_secrets()

    files = {
        **card_files(profile, box, secrets, leaf=b"", profiles=network_profiles()),
        **image_files(form, profile, box),
    }

    golden = {
        str(path.relative_to(GOLDEN / form)): path.read_bytes()
        for path in (GOLDEN / form).rglob("*")
        if path.is_file()
    }
    del files["visitbridge/first-boot.sh"]
    assert files == golden


def test_every_box_gets_its_own_secrets_certificate_and_package(desk: Path) -> None:
    assert provision(desk) == 0

    cards = [desk / "out" / serial / "visitbridge" for serial in ("VB-001", "VB-002")]
    keys = {
        re.findall(
            r"^psk=(.+)$", (card / "private/visitbridge-phones.nmconnection").read_text("utf-8"), re.M
        )[0]
        for card in cards
    }
    digests = {
        tomllib.loads((card / "50-box.toml").read_text("utf-8"))["pairing"]["label_digest"] for card in cards
    }
    leaves = {(card / "private/box.pem").read_bytes() for card in cards}
    assert (len(keys), len(digests), len(leaves)) == (2, 2, 2)
    assert all((card / "visitbridge_0.1.0_arm64.deb").read_bytes() == b"a package" for card in cards)
    assert not (cards[1] / "private/sim_pin").exists()


def test_the_certificate_is_one_that_the_box_takes(desk: Path) -> None:
    provision(desk)
    pem = (desk / "out/VB-001/visitbridge/private/box.pem").read_bytes()
    hosts = tomllib.loads((desk / "out/VB-001/visitbridge/50-box.toml").read_text("utf-8"))["http"]["hosts"]

    facts = install_institution_certificate(desk / "tls", pem, hosts, dt.datetime.now(dt.UTC))

    assert set(facts.names) == {"10.42.0.1", "visitbridge.home.arpa", "visitbridge", "visitbridge.local"}


def test_secrets_are_private_files_and_nowhere_else(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    provision(desk)
    printed = capsys.readouterr()

    out = desk / "out"
    private = [path for path in out.rglob("*") if path.parent.name == "private"]
    others = [path for path in out.rglob("*") if path.is_file() and path not in private]
    wifi_key = re.findall(
        r"psk=(.+)", (out / "VB-001/visitbridge/private/visitbridge-phones.nmconnection").read_text("utf-8")
    )[0]
    wanted = ("correct horse", "4711", wifi_key, "PRIVATE KEY")
    texts = [path.read_bytes().decode("latin-1") for path in others if path.suffix != ".pdf"]
    assert {path.stat().st_mode & 0o777 for path in [*private, out / "labels.pdf"]} == {0o600}
    assert (out.stat().st_mode & 0o777) == 0o700
    assert not [secret for secret in wanted for text in [*texts, printed.out, printed.err] if secret in text]


def test_it_runs_as_a_program_of_a_checkout(desk: Path) -> None:
    """As ``./dev`` installs it, and as docs/operations.md has it."""
    arguments = [str(desk / name) for name in ("clinic.toml", "boxes.csv", "out")]
    subprocess.run(
        [sys.executable, "-m", "vbtools.provision.command", *arguments], check=True, capture_output=True
    )

    assert (desk / "out/VB-002/user-data").is_file()


def test_nothing_is_overwritten(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "out").mkdir()

    assert provision(desk) == 1
    assert "folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("ssid", "said"),
    [
        pytest.param("仁愛居家護理所的閘道器{serial}", "32 bytes", id="too long for a radio"),
        pytest.param("NHI-GW", "{serial}", id="the same for every box"),
    ],
)
def test_a_batch_that_cannot_be_made_whole_is_not_begun(
    desk: Path, capsys: pytest.CaptureFixture[str], ssid: str, said: str
) -> None:
    """So that the same command goes on once the profile was mended."""
    profile = (desk / "clinic.toml").read_text("utf-8")
    (desk / "clinic.toml").write_text(f"{profile}[phones]\nssid = '{ssid}'\n", "utf-8")

    assert provision(desk) == 1
    err = capsys.readouterr().err
    assert ("phones.ssid" in err, said in err) == (True, True)
    assert not (desk / "out").exists()


def test_B01_the_labels_of_a_batch_are_scanned_and_open_their_own_boxes(desk: Path, tmp_path: Path) -> None:
    """Scanned from the page as a printer of 300 dpi would put it on paper, and compared to what lies on the cards."""
    provision(desk)
    command = ["pdftoppm", "-r", "300", "-gray", "-png", "-singlefile"]
    subprocess.run([*command, str(desk / "out/labels.pdf"), str(tmp_path / "page")], check=True)

    read = {code.text for code in zxingcpp.read_barcodes(Image.open(tmp_path / "page.png"))}

    pages = {text for text in read if text.startswith("https://10.42.0.1/p#")}
    told = {hashlib.sha256(text.partition("#")[2].encode()).hexdigest() for text in pages}
    cards = [desk / "out" / serial / "visitbridge" for serial in ("VB-001", "VB-002")]
    settings = [tomllib.loads((card / "50-box.toml").read_text("utf-8")) for card in cards]
    profiles = [(card / "private/visitbridge-phones.nmconnection").read_text("utf-8") for card in cards]
    networks = [dict(re.findall(r"^(ssid|psk)=(.+)$", profile, re.M)) for profile in profiles]
    assert told == {each["pairing"]["label_digest"] for each in settings}
    assert read - pages == {f"WIFI:T:WPA;S:{each['ssid']};P:{each['psk']};;" for each in networks}
    assert (len(pages), len(read)) == (2, 4)


def test_what_the_box_tells_phones_of_itself_is_what_it_answers_to() -> None:
    """Its name server's records and its DHCP come with the package; address and names of the box with its card."""
    texts = [file.read_text("utf-8") for file in (CHECKOUT_PROFILES / "dnsmasq-shared.d").glob("*.conf")]
    told = re.findall(
        r"^(?:host-record=([^,]+)|dhcp-option=option:(dns-server)),(.+)$", "\n".join(texts), re.M
    )
    own = {name for name, _, _ in told if name.startswith("visitbridge")}
    profile = Profile(institution="x")

    assert {address for name, _, address in told if name != "dns.msftncsi.com"} == {profile.hosts()[0]}
    assert own == {profile.hosts()[1]}


@pytest.mark.parametrize(("count", "pages"), [(1, 1), (8, 1), (9, 2), (10, 2)])
def test_a_sheet_holds_eight_labels(count: int, pages: int) -> None:
    label = Label(
        institution="所", serial="VB-1", ssid="s", wifi_key="k", address="10.0.0.1", wifi="w", page="p"
    )

    assert len(re.findall(rb"/Type /Page\b(?!s)", label_sheet([label] * count))) == pages


def test_a_label_holds_the_longest_names_beside_each_other(tmp_path: Path) -> None:
    """Neither over its neighbour nor over itself: each word has a place of its own within its own half of the page."""
    longest = read_profile(f"institution = '{'居' * 60}'\n[phones]\nssid = 'NHI-HOMECARE-NW-{{serial}}'")
    serial = "VB-2026-00000-01"
    label = Label(
        institution=longest.institution,
        serial=serial,
        ssid=longest.ssid(serial),
        wifi_key=fixed_secrets().wifi_key,
        address="10.42.0.1",
        wifi="w",
        page="p",
    )
    (tmp_path / "labels.pdf").write_bytes(label_sheet([label, label]))

    said = subprocess.run(
        ["pdftotext", "-bbox", str(tmp_path / "labels.pdf"), "-"], check=True, capture_output=True, text=True
    ).stdout

    boxes = [tuple(map(float, re.findall(r'="([0-9.]+)"', word))) for word in re.findall(r"<word .*?>", said)]
    middle = float(re.findall(r'<page width="([0-9.]+)"', said)[0]) / 2
    across = [(left, right) for left, _, right, _ in boxes if left < middle < right]
    covered = [
        (one, other)
        for one, other in itertools.combinations(boxes, 2)
        if max(one[0], other[0]) < min(one[2], other[2]) and max(one[1], other[1]) < min(one[3], other[3])
    ]
    assert (len(boxes) > 20, across, covered) == (True, [], [])


@pytest.mark.parametrize(
    ("ssid", "key", "code"),
    [
        ("NHI-GW-7F3A", "abcd-efgh", "WIFI:T:WPA;S:NHI-GW-7F3A;P:abcd-efgh;;"),
        ('a;b,c:d"e\\f', "k", 'WIFI:T:WPA;S:a\\;b\\,c\\:d\\"e\\\\f;P:k;;'),
    ],
)
def test_the_wifi_code_has_the_form_that_cameras_know(ssid: str, key: str, code: str) -> None:
    assert wifi_code(ssid, key) == code


def test_the_box_is_told_only_the_digest_of_the_labels_token() -> None:
    secrets = fixed_secrets()
    text = box_configuration(read_profile(PROFILE.format(extra="")), Box(serial="VB-001"), secrets)

    assert secrets.label_token not in text
    assert (
        tomllib.loads(text)["pairing"]["label_digest"]
        == hashlib.sha256(secrets.label_token.encode()).hexdigest()
    )


def test_secrets_are_long_and_never_the_same() -> None:
    """More than 128 bits each: 28 and 26 symbols of 31."""
    made = [make_secrets() for _ in range(50)]

    assert len({each.wifi_key for each in made}) == len({each.label_token for each in made}) == 50
    assert {len(each.wifi_key.replace("-", "")) for each in made} == {28}
    assert {len(each.label_token) for each in made} == {26}
    assert math.log2(len(set(ALPHABET)) ** 26) > 128


@pytest.mark.parametrize("name", ['牛津"居家', "a\\b", "tab\tnew\nline"])
def test_any_name_of_an_institution_survives_the_configuration(name: str) -> None:
    text = box_configuration(Profile(institution=name), Box(serial="VB-001"), fixed_secrets())

    assert tomllib.loads(text)["box"]["name"] == f"{name} VB-001"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("institution = ''", "institution"),
        ("institution = 'x'\nwifi = 1", "wifi"),
        ("institution = 'x'\n[phones]\naddress = '10.77.0.1'", "address"),
        ("institution = 'x'\n[phones]\nssid = 'A\\B {serial}'", "ssid"),
        ("institution = 'x'\n[phones]\nssid = '1;2;{serial}'", "ssid"),
        ("institution = 'x'\n[phones]\nssid = '{serial} '", "ssid"),
        ('institution = "x"\n[phones]\nssid = "{serial}\\nhidden=true"', "ssid"),
        ("institution = 'x'\n[technician]\nssh_keys = ['password']", "ssh_keys"),
        ("institution", "profile"),
    ],
)
def test_a_wrong_profile_is_refused_by_the_name_of_the_key(text: str, named: str) -> None:
    with pytest.raises(FieldInvalid) as caught:
        read_profile(text)

    assert named in f"{caught.value.field} {caught.value.detail}"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("serial\n", "boxes"),
        ("serial\nvb 1\n", "line 2"),
        ("serial\nVB-001\nVB-001\n", "serial"),
        ("serial,pin\nVB-001,1\n", "line 2"),
        ("serial,sim_pin\nVB-001,12\n", "line 2"),
        ("serial,hotspot_ssid\nVB-001,office\n", "line 2"),
        ("serial,hotspot_ssid,hotspot_password\nVB-001,office,short\n", "line 2"),
        ("serial,hotspot_ssid,hotspot_password\nVB-001,仁愛居家護理所的公用手機,long enough\n", "line 2"),
        ("serial,hotspot_ssid,hotspot_password\nVB-001,office,back\\slashes\n", "line 2"),
        ("serial\nVB-001,too,many\n", "line 2"),
    ],
)
def test_a_wrong_list_is_refused_by_its_line(text: str, field: str) -> None:
    with pytest.raises(FieldInvalid) as caught:
        read_boxes(text)

    assert caught.value.field == field
    assert "12" not in caught.value.detail.replace("line 2", "")


@pytest.mark.parametrize(
    ("modem", "ways"),
    [("ec25", ("modem", "ethernet:eth0", "hotspot:wlan1")), ("none", ("ethernet:eth0", "hotspot:wlan1"))],
)
def test_B16_a_phones_hotspot_is_a_way_out_of_the_box(
    modem: str, ways: tuple[str, ...], tmp_path: Path
) -> None:
    profile = read_profile(PROFILE.format(extra="").replace("ec25", modem))
    (box,) = read_boxes("serial,hotspot_ssid,hotspot_password\nVB-001,王小明的 iPhone,a 1 pass;word\n")
    files = card_files(profile, box, fixed_secrets(), leaf=b"", profiles=network_profiles())
    hotspot = files["visitbridge/private/visitbridge-hotspot.nmconnection"].decode()
    (tmp_path / "visitbridge.toml").write_bytes(files["visitbridge/50-box.toml"])

    assert re.findall(r"^(ssid|psk|interface-name)=(.+)$", hotspot, re.M) == [
        ("interface-name", "wlan1"),
        ("ssid", "王小明的 iPhone"),
        ("psk", "a 1 pass;word"),
    ]
    assert load_config(tmp_path / "visitbridge.toml").config.uplinks.order == ways
    assert b"pass;word" not in files["visitbridge/50-box.toml"]


def test_a_hotspot_behind_the_firewall_is_refused_at_the_desk(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "boxes.csv").write_text(
        "serial,hotspot_ssid,hotspot_password\nVB-001,office,long enough\n", "utf-8"
    )
    profile = (desk / "clinic.toml").read_text("utf-8")
    (desk / "clinic.toml").write_text(f'uplinks = ["usb0"]\n{profile}', "utf-8")

    assert provision(desk) == 1
    assert "uplinks: " in capsys.readouterr().err


def test_a_name_too_long_for_a_radio_is_refused() -> None:
    profile = read_profile("institution = 'x'\n[phones]\nssid = '仁愛居家護理所的閘道器{serial}'")

    with pytest.raises(FieldInvalid, match="32 bytes"):
        profile.ssid("VB-001")


def test_cloud_init_is_told_what_it_knows() -> None:
    """The keys and types of its own documentation, read as JSON, which is YAML."""
    files = image_files("cloudinit-rpi", read_profile(PROFILE.format(extra="")), Box(serial="VB-001"))
    first, _, body = files["user-data"].partition(b"\n")
    data = json.loads(body)

    assert first == b"#cloud-config"
    unit = "visitbridge-first-boot.service"
    assert data["runcmd"] == [
        ["install", "-m", "0644", f"{BOOT}/visitbridge/{unit}", f"/etc/systemd/system/{unit}"],
        ["systemctl", "enable", "--now", "--no-block", unit],
    ]
    assert (data["ssh_pwauth"], data["users"][0]["lock_passwd"]) == (False, True)
    assert json.loads(files["network-config"]) == {"network": {"config": "disabled"}}
    assert json.loads(files["meta-data"])["local-hostname"] == "visitbridge-vb-001"


def test_without_a_key_nobody_can_log_in() -> None:
    files = image_files("cloudinit-rpi", Profile(institution="x"), Box(serial="VB-001"))
    script = image_files("firstrun", Profile(institution="x"), Box(serial="VB-001"))["firstrun.sh"].decode()

    own = image_files("image", Profile(institution="x"), Box(serial="VB-001"))

    assert json.loads(files["user-data"].partition(b"\n")[2])["users"] == []
    assert own == {"visitbridge/hostname": b"visitbridge-vb-001\n"}
    assert "useradd" not in script
    assert "ssh" not in script


def test_firstrun_takes_itself_out_of_the_kernels_command_line(tmp_path: Path) -> None:
    line = f"console=tty1 root=PARTUUID=1-02 rootwait {FIRSTRUN_ARGUMENTS}\n"
    (tmp_path / "cmdline.txt").write_text(line, "utf-8")
    script = image_files("firstrun", Profile(institution="x"), Box(serial="VB-001"))["firstrun.sh"].decode()
    last = script.rstrip().splitlines()[-1].replace(BOOT, str(tmp_path))

    subprocess.run(["sh", "-c", last], check=True)

    assert (tmp_path / "cmdline.txt").read_text("utf-8") == "console=tty1 root=PARTUUID=1-02 rootwait\n"


@pytest.mark.parametrize("script", ["visitbridge/first-boot.sh", "firstrun.sh"])
def test_scripts_are_shell(script: str, tmp_path: Path) -> None:
    profile, box = read_profile(PROFILE.format(extra="")), read_boxes(BOXES)[0]
    files = {
        **card_files(profile, box, fixed_secrets(), leaf=b"", profiles=network_profiles()),
        **image_files("firstrun", profile, box),
    }
    (tmp_path / "script").write_bytes(files[script])

    assert subprocess.run(["bash", "-n", str(tmp_path / "script")], check=False).returncode == 0


@pytest.mark.parametrize("form", ["cloudinit-rpi", "firstrun"])
def test_the_unit_of_the_first_boot_is_what_systemd_expects(form: str, tmp_path: Path) -> None:
    (path, text), *others = [
        (name, content)
        for name, content in image_files(form, Profile(institution="x"), Box(serial="VB-001")).items()
        if name.endswith(".service")
    ]
    file = tmp_path / Path(path).name
    file.write_bytes(text)

    judged = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(file)],
        check=False,
        capture_output=True,
        text=True,
    )

    assert (judged.stdout, judged.stderr, judged.returncode, others) == ("", "", 0, [])


@pytest.mark.parametrize(
    ("form", "package"),
    [
        ("cloudinit-rpi", "visitbridge_0.1.0+deb12_arm64.deb"),
        ("image", "visitbridge_0.1.0+deb12_arm64.deb"),
        ("image", "visitbridge_0.1.0+deb13_arm64.deb"),
        ("firstrun", "another_0.1.0_arm64.deb"),
        ("firstrun", "visitbridge_0.1.0+deb12_amd64.deb"),
    ],
)
def test_a_package_that_the_image_could_not_install_is_refused_at_the_desk(
    desk: Path, capsys: pytest.CaptureFixture[str], form: str, package: str
) -> None:
    (desk / package).write_bytes(b"a package")
    (desk / "clinic.toml").write_text(PROFILE.format(extra=f'package = "{package}"'), "utf-8")

    assert provision(desk, "--form", form) != 0

    assert "package: " in capsys.readouterr().err
    assert not (desk / "out").exists()


@pytest.mark.parametrize(
    ("form", "package"),
    [
        ("cloudinit-rpi", "visitbridge_0.1.0+deb13_arm64.deb"),
        ("firstrun", "visitbridge_0.1.0+deb12_arm64.deb"),
        # The first images of Debian 13 knew no cloud-init.
        ("firstrun", "visitbridge_0.1.0+deb13_arm64.deb"),
    ],
)
def test_a_package_that_fits_the_image_goes_onto_the_card(desk: Path, form: str, package: str) -> None:
    (desk / package).write_bytes(b"a package")
    (desk / "clinic.toml").write_text(PROFILE.format(extra=f'package = "{package}"'), "utf-8")

    assert provision(desk, "--form", form) == 0

    assert (desk / "out/VB-001/visitbridge" / package).read_bytes() == b"a package"


@pytest.mark.parametrize("modem", ["none", "sim7600", "ec25"])
def test_the_box_takes_the_configuration_that_is_written(modem: str, tmp_path: Path) -> None:
    profile = read_profile(PROFILE.format(extra="").replace("ec25", modem))
    (tmp_path / "visitbridge.toml").write_text("", "utf-8")
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/50-box.toml").write_text(
        box_configuration(profile, Box(serial="VB-001"), fixed_secrets()), "utf-8"
    )

    config = load_config(tmp_path / "visitbridge.toml").config

    assert config.modem.profile == modem
    assert config.http.hosts == profile.hosts()
