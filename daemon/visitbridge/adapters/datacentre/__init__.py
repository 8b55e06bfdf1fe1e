"""The data centre over HTTPS + JSON with a client certificate: the stand-in's protocol (docs/protocol.md)."""
