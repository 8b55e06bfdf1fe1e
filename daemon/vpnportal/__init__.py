"""The stand-in for the insurer's side: everything that the box reaches through the VPN.

Its protocol is ours (docs/protocol.md) and not the insurer's, which is not public. It runs as its own process
with its own database and shares only messages and domain codecs with the gateway, never decisions.
"""
