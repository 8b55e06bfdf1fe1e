"""Messages between a box and its data centre, in the stand-in's own protocol (docs/protocol.md).

This is not the insurer's protocol, which is not public. Both programs import these types; neither shares
decisions with the other.
"""
