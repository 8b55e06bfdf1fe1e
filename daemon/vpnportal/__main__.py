"""``python -m vpnportal``."""

from visitbridge.runtime.loading import load

load("vpnportal.cli").main()
