"""Configuration: frozen sections, TOML + conf.d, unknown keys refused, all problems at once."""
