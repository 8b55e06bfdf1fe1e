"""The ACR1255U-J1's vectors, as far as they apply (hardware.md §1.2).

That reader is contactless and cannot read an NHI card, so there is no driver and no codec of its frames here. But the
ACR3901's rules for chaining the host's answer and for the session key are taken from its manual, so its vectors hold
for our authentication and cipher, and for the checksum that both families share.
"""

from __future__ import annotations

import pytest

from visitbridge.protocols.acs.secure import MutualAuthentication, decrypt
from visitbridge.protocols.reader_talk import xor_of

DEFAULT_KEY = b"ACR1255U-J1 Auth"
READER_RANDOM, HOST_RANDOM = bytes(range(16)), bytes(range(16, 32))

REQUEST = bytes.fromhex("05000c6b0005000000cbe0000045000c0a")
CHALLENGE = bytes.fromhex("05001c830015000000e2e100004500056c3512c010d168fbbf47442e118b041c0a")
RESPONSE = bytes.fromhex(
    "05002c6b00250000000fe000004600667d7e1818eb75bb618d3bc5635ed242b2c275b8178b959f09582c913a89573b2c0a"
)
POWER_ON = bytes.fromhex("05001050e71d9e573f6236bc9f4af8c032cda81e0a")


@pytest.mark.parametrize("frame", [REQUEST, CHALLENGE, RESPONSE, POWER_ON], ids=bytes.hex)
def test_the_checksum_is_the_same(frame: bytes) -> None:
    assert (frame[0], frame[-1]) == (0x05, 0x0A)
    assert xor_of(frame[1:-1]) == 0


def test_the_hosts_answer_is_chained() -> None:
    exchange = MutualAuthentication(DEFAULT_KEY, HOST_RANDOM)
    challenge, response = CHALLENGE[-18:-2], RESPONSE[-34:-2]
    assert decrypt(DEFAULT_KEY, challenge) == READER_RANDOM
    assert exchange.respond(challenge) == response


def test_the_session_key_is_half_of_each_random_number() -> None:
    inner = decrypt(READER_RANDOM[:8] + HOST_RANDOM[:8], POWER_ON[3:-2])
    command, padding = inner[:7], inner[7:]
    assert command[0] == 0x62
    assert xor_of(command) == 0
    assert set(padding) == {0xFF}
