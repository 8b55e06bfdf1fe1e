"""Commands that a technician configures for what the daemon itself must not be allowed to do."""

from visitbridge.adapters.hooks.command import CommandHook

__all__ = ["CommandHook"]
