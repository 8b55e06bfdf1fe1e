"""visitbridge: the gateway between visit teams, their card readers and the insurer's VPN."""
