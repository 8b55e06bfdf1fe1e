"""The sections of ``visitbridge.toml``. Each part of the daemon receives only its own.

A key's type, bounds, default and description stand here and nowhere else: the loader, ``config dump`` and
``docs/configuration.md`` read them from these types. What a person changes on a phone is not here but in the
store.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from visitbridge.config.line_sections import LinkSection, ModemSection, TimeSection, UplinksSection

Realm = Literal["test", "production"]
IcFormat = Literal["1.0", "2.0-unverified"]
LogFormat = Literal["auto", "console", "journal"]
LogLevel = Literal["debug", "info", "warning", "error"]

HOST_PATTERN = r"^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$|^[0-9a-fA-F:]*:[0-9a-fA-F:]*$"
Host = Annotated[str, Meta(max_length=253, pattern=HOST_PATTERN)]


class BoxSection(msgspec.Struct, frozen=True, kw_only=True):
    name: Annotated[
        str, Meta(min_length=1, max_length=80, description="What this box is called until it is bound")
    ] = "visitbridge"
    state_dir: Annotated[
        Path, Meta(description="Absolute folder of the store, the certificates and the data sets")
    ] = Path("/var/lib/visitbridge")
    runtime_dir: Annotated[Path, Meta(description="Absolute folder for what may vanish at a reboot")] = Path(
        "/run/visitbridge"
    )


class HttpSection(msgspec.Struct, frozen=True, kw_only=True):
    bind: Annotated[Host, Meta(description="Address to listen on; 0.0.0.0 for all")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="TCP port; 0 takes any free one")] = 8443
    hosts: Annotated[
        tuple[Host, ...],
        Meta(
            min_length=1,
            max_length=32,
            description="Names and addresses that phones may use for this box. A request for any other Host is "
            "refused, and the box's certificate covers exactly these",
        ),
    ] = ("127.0.0.1", "localhost")
    plain_port: Annotated[
        int,
        Meta(
            ge=0,
            le=65535,
            description="TCP port of the few pages in plain HTTP: how to reach the box, and 環境檢測; 80 on a box, 0 "
            "serves none",
        ),
    ] = 0
    answer_probes: Annotated[
        bool,
        Meta(
            description="On plain_port, answer what phones ask after joining the Wi-Fi, so that they show how to go on and "
            "then stay; needs the names in dnsmasq-shared.d/visitbridge-probes.conf. Without it phones keep their mobile data"
        ),
    ] = True
    tls_cert: Annotated[
        Path | None,
        Meta(
            description="PEM chain to use instead of the institution's or the box's own certificate, such as a public "
            "one; needs tls_key"
        ),
    ] = None
    tls_key: Annotated[Path | None, Meta(description="PEM private key of tls_cert")] = None
    metrics_credential: Annotated[
        str,
        Meta(
            description="Name of the systemd credential with the token by which a program may read /metrics; where it is not "
            "given only a technician's phone may"
        ),
    ] = "metrics.token"
    webui_dir: Annotated[
        Path | None, Meta(description="Folder of the web UI; empty means the one beside this program")
    ] = None


class DataCentreSection(msgspec.Struct, frozen=True, kw_only=True):
    realm: Annotated[
        Realm, Meta(description="Which cards this box may work with; test and production cards never mix")
    ] = "test"
    ic_format: Annotated[
        IcFormat,
        Meta(
            description="Format of the IC-card upload; 2.0 is put together from what programs are seen to send, and "
            "nobody has verified it"
        ),
    ] = "1.0"
    connect: Annotated[
        str,
        Meta(
            pattern=r"^$|^[^\s:]+:[0-9]{1,5}$",
            description="HOST:PORT to connect to instead of the bound data centre's own address (a relay); "
            "certificate and names are still checked against the bound one",
        ),
    ] = ""
    answer_timeout_s: Annotated[
        float,
        Meta(gt=0, le=300, description="Seconds to wait for the next piece of an answer of the data centre"),
    ] = 20.0


class ReadersSection(msgspec.Struct, frozen=True, kw_only=True):
    pcsc: Annotated[bool, Meta(description="Use USB readers through pcscd")] = True
    bluetooth: Annotated[bool, Meta(description="Use Bluetooth readers through BlueZ")] = True
    socket: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^127\.0\.0\.1:[0-9]{1,5}$")], ...],
        Meta(
            max_length=8,
            description="Virtual readers: 127.0.0.1:PORT to listen on for one virtual card each "
            "(only with --allow-virtual)",
        ),
    ] = ()


class LabSection(msgspec.Struct, frozen=True, kw_only=True):
    control: Annotated[
        Path | None,
        Meta(description="Unix socket of the lab that this box runs in (only with --allow-virtual)"),
    ] = None
    training: Annotated[
        Path | None,
        Meta(
            description="Unix socket of the desk that gives lessons in that lab; every page then says 訓練模式"
        ),
    ] = None


class TrainingSection(msgspec.Struct, frozen=True, kw_only=True):
    offered: Annotated[
        bool, Meta(description="A technician may open the training rooms on this box (設定 → 訓練模式)")
    ] = True
    idle_minutes: Annotated[
        float,
        Meta(
            gt=0,
            le=720,
            description="Training rooms that nobody has used for this long close and are emptied",
        ),
    ] = 60.0


class PolicySection(msgspec.Struct, frozen=True, kw_only=True):
    staff_max_hours: Annotated[
        float, Meta(gt=0, le=8, description="Longest staff session in hours after the PIN; the rule allows 8")
    ] = 8.0
    staff_ends_at_midnight: Annotated[
        bool, Meta(description="A staff session also ends at midnight, Taipei time")
    ] = True
    start_after_sign_in: Annotated[
        bool,
        Meta(
            description="A visit may begin by F00B after the sign-in ran out, signed by whoever signed last on that phone that day"
        ),
    ] = True
    make_up_write: Annotated[
        bool, Meta(description="Write a visit made without VPN onto the card later, when it is seen again")
    ] = False
    records_keep_days: Annotated[
        int,
        Meta(
            ge=1,
            le=31,
            description="Days after which records downloaded before departure are deleted, even if the consent runs on",
        ),
    ] = 7
    phone_lock_minutes: Annotated[
        float, Meta(gt=0, le=720, description="A phone that nobody touches for this long locks itself")
    ] = 15.0
    phone_proof_minutes: Annotated[
        float,
        Meta(
            gt=0,
            le=60,
            description="How long card or code count for pairing, removing phones and changing locks; then they are asked for again",
        ),
    ] = 10.0
    phone_session_hours: Annotated[
        float,
        Meta(
            gt=0,
            le=12,
            description="After this long a phone asks for a health-professional card, another phone, or a code at the box",
        ),
    ] = 12.0


class PairingSection(msgspec.Struct, frozen=True, kw_only=True):
    label_digest: Annotated[
        str,
        Meta(
            pattern=r"^([0-9a-f]{64})?$",
            description="SHA-256 of the token on the box's label, as provisioning writes it: whoever scans the label pairs "
            "the box's first phone with it; empty for none",
        ),
    ] = ""


class OutboxSection(msgspec.Struct, frozen=True, kw_only=True):
    concurrency: Annotated[int, Meta(ge=1, le=16, description="Uploads under way at once")] = 4
    amber_s: Annotated[
        float, Meta(gt=0, le=86_400, description="Seconds after the visit at which unsent work turns amber")
    ] = 43_200.0
    red_s: Annotated[
        float, Meta(gt=0, le=86_400, description="Seconds after the visit at which unsent work turns red")
    ] = 72_000.0
    overdue_s: Annotated[
        float, Meta(gt=0, le=604_800, description="Seconds after the visit at which unsent work is late")
    ] = 86_400.0


class StoreSection(msgspec.Struct, frozen=True, kw_only=True):
    credential: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9._-]{1,64}$",
            description="Name of the systemd credential with the store's key: 32 bytes, or 64 hex digits",
        ),
    ] = "store.key"
    key_file: Annotated[
        Path | None,
        Meta(
            description="File with the store's key, used when there is no such credential; made at first start "
            "with mode 0600. It protects nothing from somebody who takes the disk"
        ),
    ] = None


class LogSection(msgspec.Struct, frozen=True, kw_only=True):
    format: Annotated[
        LogFormat, Meta(description="auto writes to the journal when systemd started the program")
    ] = "auto"
    level: Annotated[LogLevel, Meta(description="Least level that is logged")] = "info"


class PowerSection(msgspec.Struct, frozen=True, kw_only=True):
    battery: Annotated[
        Literal["kernel", "pisugar"],
        Meta(
            description="Who knows the box's battery: the kernel (/sys/class/power_supply), or the pisugar-server of a PiSugar "
            "board, asked on 127.0.0.1"
        ),
    ] = "kernel"
    pisugar_port: Annotated[int, Meta(ge=1, le=65_535, description="TCP port of pisugar-server")] = 8423
    off_below_percent: Annotated[
        int,
        Meta(
            ge=0,
            le=50,
            description="A box on battery switches itself off when its charge falls to this; 0: never. Gauges tell the least at "
            "the end",
        ),
    ] = 5


class SupportSection(msgspec.Struct, frozen=True, kw_only=True):
    recipient: Annotated[
        str,
        Meta(
            pattern=r"^([0-9a-f]{64})?$",
            description="X25519 public key (64 hex digits) that support bundles are sealed to; empty for the one that the "
            "data centre tells",
        ),
    ] = ""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the files say, with defaults for the rest."""

    box: BoxSection = BoxSection()
    http: HttpSection = HttpSection()
    datacentre: DataCentreSection = DataCentreSection()
    readers: ReadersSection = ReadersSection()
    modem: ModemSection = ModemSection()
    uplinks: UplinksSection = UplinksSection()
    link: LinkSection = LinkSection()
    time: TimeSection = TimeSection()
    lab: LabSection = LabSection()
    training: TrainingSection = TrainingSection()
    policy: PolicySection = PolicySection()
    pairing: PairingSection = PairingSection()
    outbox: OutboxSection = OutboxSection()
    store: StoreSection = StoreSection()
    log: LogSection = LogSection()
    support: SupportSection = SupportSection()
    power: PowerSection = PowerSection()
