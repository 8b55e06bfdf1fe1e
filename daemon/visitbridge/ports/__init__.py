"""Seams: what services need of the world, as Protocols. Adapters and simulators implement them."""
