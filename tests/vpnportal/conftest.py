"""A real portal on loopback TLS in this process, and boxes that are bound to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.vpnportal.box import Box, open_box
from tests.vpnportal.lab import LabClient, open_lab
from tests.vpnportal.portal import RunningPortal, open_running_portal
from vpnportal.ca import load_device_authority, pem_of
from vpnportal.clock import machine_now
from vpnportal.folders import make_folders


@pytest.fixture
async def portal(tmp_path: Path) -> AsyncIterator[RunningPortal]:
    async with open_running_portal(tmp_path) as running:
        yield running


@pytest.fixture
async def lab(portal: RunningPortal) -> AsyncIterator[LabClient]:
    """Lab control of the portal."""
    async with open_lab(portal.lab_url) as client:
        yield client


@pytest.fixture
async def stranger(portal: RunningPortal) -> AsyncIterator[Box]:
    """A box without a certificate."""
    async with open_box(portal.url, portal.ca_pem) as box:
        yield box


@pytest.fixture
async def bound(portal: RunningPortal, stranger: Box) -> Box:
    """A bound box whose SAM is not verified today."""
    ticket = portal.issue_ticket()
    await stranger.bind(ticket.token, ticket.pin)
    return stranger


@pytest.fixture
async def box(bound: Box) -> Box:
    """A bound box with its SAM verified."""
    assert (await bound.ask("POST", "/sam/verify")).status == 200
    return bound


@pytest.fixture
async def other_box(portal: RunningPortal) -> AsyncIterator[Box]:
    """A second box of the same institution, bound, its SAM verified."""
    async with open_box(portal.url, portal.ca_pem) as other:
        ticket = portal.issue_ticket(portal.add_device("第二台").device_id)
        await other.bind(ticket.token, ticket.pin)
        assert (await other.ask("POST", "/sam/verify")).status == 200
        yield other


@pytest.fixture
def foreign_certificate(bound: Box, tmp_path: Path) -> str:
    """A certificate for the box's key by somebody else's authority of the same name."""
    authority = load_device_authority(make_folders(tmp_path / "foreign").keys, machine_now())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "box")])
    return pem_of(authority.issue(bound.key.public_key(), subject, machine_now(), 1))
