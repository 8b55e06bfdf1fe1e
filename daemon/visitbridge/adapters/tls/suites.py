"""Which TLS is spoken, to phones and to the data centre: 1.3, and of 1.2 only what has forward secrecy and an AEAD."""

from __future__ import annotations

import ssl

CIPHERS_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""OpenSSL's notation; the suites that RFC 9325 §4.2 recommends. Those of 1.3 need no choosing."""


def narrow(context: ssl.SSLContext) -> ssl.SSLContext:
    """``context`` itself, without older versions and other suites."""
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS_1_2)
    return context
