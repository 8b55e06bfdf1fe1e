"""The data centre's side of cards: sessions that drive a card through a box, and the sign-in with an HPC.

The box is trusted with nothing here: what counts is what the card says inside the secure channel. The protocol to the
card is this project's test applet (docs/test-applet.md), not the insurer's.
"""

from __future__ import annotations

from vpnportal.cards.seams import Clock, ReceiptIssuer, StaffView
from vpnportal.cards.sessions import CardSessions
from vpnportal.cards.staff_scripts import HolderIdentity, SignIn, StaffScripts

__all__ = [
    "CardSessions",
    "Clock",
    "HolderIdentity",
    "ReceiptIssuer",
    "SignIn",
    "StaffScripts",
    "StaffView",
]
