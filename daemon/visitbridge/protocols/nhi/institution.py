"""The institution card (醫事機構卡) of the test realm: how it is told from other cards.

Nothing of the real one's application is public (nhi-domain §1.4), and no work of this project reads or writes one. It
is recognised so that a person who put it in by mistake is told so by name.
"""

from __future__ import annotations

from visitbridge.protocols.apdu import Command

INSTITUTION_TEST_AID = b"\xf0VBMIC-TEST1"
"""First half-byte F: a proprietary, unregistered identifier (ISO/IEC 7816-4 §12.2.3), nobody's but ours."""

SELECT_INSTITUTION = Command(0x00, 0xA4, 0x04, 0x00, INSTITUTION_TEST_AID).encode()
