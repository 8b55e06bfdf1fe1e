"""公告訊息 at the portal: published, told to the boxes they are for, over in time, withdrawn (T04)."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.vpnportal.box import Box
from tests.vpnportal.portal import RunningPortal
from visitbridge.protocols.datacentre.announcements import AnnouncementList
from visitbridge.protocols.datacentre.device import DeviceStatus
from vpnportal.cli import main
from vpnportal.clock import machine_now

LATER = (machine_now() + dt.timedelta(days=1)).isoformat()


def command(portal: RunningPortal, *arguments: str) -> str | int | None:
    """Exit code of one of the portal's commands."""
    with pytest.raises(SystemExit) as left:
        main([*arguments, "--dir", str(portal.folder)])
    return left.value.code


async def ask(box: Box) -> tuple[str, AnnouncementList]:
    """What the box's status names, and the list."""
    status = (await box.ask("GET", "/device")).as_(DeviceStatus)
    return status.announcements_digest, (await box.ask("GET", "/announcements")).as_(AnnouncementList)


async def test_T04_a_box_reads_what_was_published_newest_first(bound: Box, portal: RunningPortal) -> None:
    before = await ask(bound)
    assert (
        command(
            portal,
            "announcements",
            "publish",
            "--title",
            "系統維護",
            "--text",
            "今晚 22:00 起",
            "--until",
            LATER,
        )
        == 0
    )
    assert command(portal, "announcements", "publish", "--title", "颱風停班", "--urgent") == 0

    digest, found = await ask(bound)

    assert before == ("", AnnouncementList(announcements=()))
    assert digest == found.digest != ""
    assert [(one.title, one.body, one.urgent) for one in found.announcements] == [
        ("颱風停班", "", True),
        ("系統維護", "今晚 22:00 起", False),
    ]


async def test_T04_what_is_withdrawn_is_read_no_longer(
    bound: Box, portal: RunningPortal, capsys: pytest.CaptureFixture[str]
) -> None:
    command(portal, "announcements", "publish", "--title", "測試公告")
    announcement_id = capsys.readouterr().out.split()[0]
    command(portal, "announcements", "list")
    listed = capsys.readouterr().out

    assert command(portal, "announcements", "withdraw", announcement_id) == 0
    assert (announcement_id in listed, await ask(bound)) == (True, ("", AnnouncementList(announcements=())))
    assert command(portal, "announcements", "withdraw", announcement_id) == 1


async def test_T04_an_announcement_for_another_institution_is_not_told(
    bound: Box, portal: RunningPortal
) -> None:
    command(portal, "institutions", "add", "--institution", "9900000002", "--name", "另一家")
    assert (
        command(portal, "announcements", "publish", "--title", "給另一家", "--institution", "9900000002") == 0
    )

    assert (await ask(bound))[1].announcements == ()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--title", "  "),
        ("--title", "字" * 81),
        ("--title", "x", "--text", "字" * 4001),
        ("--title", "x", "--until", "2020-01-01T00:00:00+08:00"),
        ("--title", "x", "--institution", "0000000000"),
    ],
)
def test_what_cannot_be_read_is_not_published(portal: RunningPortal, arguments: tuple[str, ...]) -> None:
    assert command(portal, "announcements", "publish", *arguments) == 1


@pytest.mark.parametrize("until", ["2030-01-01T00:00:00", "tomorrow"])
def test_an_end_needs_its_time_zone(
    portal: RunningPortal, until: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(portal, "announcements", "publish", "--title", "x", "--until", until) == 2
    assert "--until" in capsys.readouterr().err
