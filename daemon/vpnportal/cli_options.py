"""The commands and their options, in one table."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable
from pathlib import Path

import msgspec

from visitbridge.domain.people import Right, StaffKind
from vpnportal.commands import (
    announcements,
    audit,
    boxes,
    handoff,
    lab,
    office,
    people,
    portal,
    roots,
    support,
    tables,
)
from vpnportal.commands.context import Say
from vpnportal.fleet import DEFAULT_LIMITS
from vpnportal.server import DEFAULT_PORT

Options = Callable[[argparse.ArgumentParser], None]


class Command(msgspec.Struct, frozen=True):
    """``words`` as typed; ``options`` adds what the command takes beyond ``--dir`` and ``--database``."""

    words: tuple[str, ...]
    run: Callable[[argparse.Namespace, Say], None]
    text: str
    options: tuple[Options, ...] = ()


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vpnportal",
        description="The stand-in for the insurer's side. Its protocol is ours, not the insurer's.",
    )
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    groups = {
        name: verbs.add_parser(name, help=text).add_subparsers(required=True, metavar="WHAT")
        for name, text in _GROUPS.items()
    }
    for command in COMMANDS:
        place = verbs if len(command.words) == 1 else groups[command.words[0]]
        own = place.add_parser(command.words[-1], help=command.text, description=command.text)
        own.add_argument(
            "--dir", type=Path, required=True, help="the portal's folder: keys, database, data sets"
        )
        own.add_argument(
            "--database", default="", metavar="URL", help="another database than the folder's own"
        )
        for add_options in command.options:
            add_options(own)
        own.set_defaults(run=command.run)
    return parser


def _serving(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="or the next free one (default: %(default)s)"
    )
    parser.add_argument(
        "--name", action="append", default=[], help="further name or address for the certificate"
    )
    parser.add_argument("--lab", action="store_true", help="faults and lab control; never for real work")
    parser.add_argument("--office-port", type=int, metavar="PORT", help="serve the office's pages there, too")
    parser.add_argument(
        "--security-contact",
        default="",
        metavar="URI",
        help="where holes are reported, in the office's security.txt",
    )


def _contact(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-contact-after",
        type=float,
        default=DEFAULT_LIMITS.no_contact.total_seconds() / 3600,
        metavar="HOURS",
        help="a box that is silent for so long is an alarm (default: %(default)g)",
    )


def _scope(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--institution", metavar="CODE", help="boxes of this one only")


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object for each instead of lines")


def _ticket(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--url", default="", help="address to put into QR-2 (default: where the portal last ran)"
    )
    parser.add_argument("--png", type=Path, help="draw QR-2 into this file")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")


def _institution(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--institution", required=True, metavar="CODE", help="10 characters")


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", required=True)


def _group(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--group", default="default", help="data-set group (default: %(default)s)")


def _unsent(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--unsent",
        type=int,
        required=True,
        metavar="NUMBER",
        help="how many items the box said it would lose",
    )


def _card(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--hpc", required=True, metavar="NUMBER", help="number of the health-professional card"
    )


def _person(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--staff-id", required=True)
    parser.add_argument("--id-no", required=True, help="the person's id, as uploads name it (A15)")
    parser.add_argument("--kind", required=True, choices=[kind.value for kind in StaffKind])
    parser.add_argument("--right", action="append", default=[], choices=[right.value for right in Right])


def _all(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="also those that were taken care of")


def _before(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--before", type=dt.date.fromisoformat, required=True, metavar="YYYY-MM-DD", help="first day to keep"
    )


def _announcement(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--title", required=True)
    parser.add_argument("--text", default="", help="plain text; a line feed ends a paragraph")
    parser.add_argument("--urgent", action="store_true", help="show it on the start page")
    parser.add_argument(
        "--until", type=_moment, metavar="TIME", help="ISO 8601 with a zone; default: until withdrawn"
    )


def _moment(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("needs a time zone, such as +08:00")
    return moment.astimezone(dt.UTC)


def _announced(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("announcement", help="its id, as announcements list shows it")


def _alert(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("alert", help="its id, as audit alerts shows it")


def _key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--key", type=Path, help="PEM file of another X25519 key than the portal's own")


def _file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path)


def _table(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", required=True, help="icd10, drugs, departments, …")
    parser.add_argument(
        "--with-starter", action="store_true", help="add the starter set's rows that it lacks"
    )


def _folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path)


_GROUPS = {
    "institutions": "who has boxes and staff",
    "devices": "boxes of an institution",
    "staff": "health professionals and their rights",
    "datasets": "code tables that boxes download",
    "audit": "trails that boxes keep, and what is wrong with them",
    "office": "people who look after boxes in a browser",
    "support": "bundles that boxes make for engineers",
    "handoff": "uploads that boxes could not send themselves",
    "announcements": "what visit teams are to read",
    "roots": "the certificate that boxes trust this portal by",
}

COMMANDS = (
    Command(("serve",), portal.serve_portal, "take requests until SIGTERM or Ctrl-C", (_serving, _contact)),
    Command(("fleet",), office.fleet, "show how all boxes are, alarms first", (_scope, _contact, _json)),
    Command(("office", "link"), office.link, "let somebody into the office's pages", (_name, _scope)),
    Command(("backup",), portal.back_up, "copy the database while in use", (_file,)),
    Command(("restore",), portal.restore, "bring a backup back, under a new epoch", (_file,)),
    Command(("new-epoch",), portal.start_epoch, "after a restore with a database server's own tools"),
    Command(("seed-lab",), lab.seed, "record the lab's invented people and data sets", (_ticket,)),
    Command(("institutions", "add"), people.add_place, "record an institution", (_institution, _name)),
    Command(
        ("devices", "add"), boxes.add, "apply for a box, show QR-2", (_institution, _name, _group, _ticket)
    ),
    Command(("devices", "ticket"), boxes.renew_ticket, "show a fresh QR-2", (_institution, _name, _ticket)),
    Command(("devices", "list"), boxes.list_all, "show all boxes"),
    Command(("devices", "enable"), boxes.enable, "let a box work", (_institution, _name)),
    Command(("devices", "disable"), boxes.disable, "stop a box", (_institution, _name)),
    Command(
        ("devices", "erase"),
        boxes.erase,
        "stop a box and ask it what erasing would lose",
        (_institution, _name),
    ),
    Command(
        ("devices", "confirm-erase"),
        boxes.confirm_erase,
        "erase it, with what it said would be lost",
        (_institution, _name, _unsent),
    ),
    Command(
        ("devices", "revoke"), boxes.revoke, "refuse a box's certificates for good", (_institution, _name)
    ),
    Command(("staff", "add"), people.add, "record a card", (_institution, _card, _name, _person)),
    Command(("staff", "list"), people.list_all, "show an institution's cards", (_institution,)),
    Command(("staff", "revoke"), people.revoke, "refuse a card from now on", (_institution, _card)),
    Command(
        ("datasets", "import"), tables.import_file, "check and offer a CSV table", (_file, _table, _group)
    ),
    Command(
        ("datasets", "import-public"),
        tables.import_public,
        "the published tables in a folder",
        (_folder, _group),
    ),
    Command(("handoff", "import"), handoff.import_file, "take in a box's hand-off file", (_file,)),
    Command(("announcements", "publish"), announcements.publish, "tell visit teams", (_announcement, _scope)),
    Command(("announcements", "list"), announcements.list_all, "show what stands", (_scope,)),
    Command(("announcements", "withdraw"), announcements.withdraw, "take one back", (_announced,)),
    Command(("roots", "show"), roots.show, "show the root in use and the one announced"),
    Command(("roots", "prepare"), roots.prepare, "make the next root and announce it to boxes"),
    Command(("roots", "change"), roots.change, "use the announced root from the next start on"),
    Command(("support", "open"), support.show, "show a box's support bundle as JSON", (_file, _key)),
    Command(("audit", "alerts"), audit.alerts, "show trails that do not go on as told", (_all,)),
    Command(("audit", "show"), audit.show, "the kept rows of a box as JSON lines", (_institution, _name)),
    Command(("audit", "purge"), audit.purge, "delete rows that the law no longer keeps", (_before,)),
    Command(("audit", "seen"), audit.seen, "an alert was taken care of", (_alert,)),
    Command(("datasets", "list"), tables.list_all, "show what is on offer"),
)
