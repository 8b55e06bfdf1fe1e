"""Configuration: frozen sections, TOML + conf.d, unknown keys refused, all problems at once."""

from visitbridge.config.load import DEFAULT_FILE, Loaded, load_config
from visitbridge.config.reference import reference
from visitbridge.config.sections import (
    BoxSection,
    Config,
    DataCentreSection,
    HttpSection,
    LabSection,
    LogSection,
    OutboxSection,
    PolicySection,
    ReadersSection,
    StoreSection,
)
from visitbridge.config.show import dump

__all__ = [
    "DEFAULT_FILE",
    "BoxSection",
    "Config",
    "DataCentreSection",
    "HttpSection",
    "LabSection",
    "Loaded",
    "LogSection",
    "OutboxSection",
    "PolicySection",
    "ReadersSection",
    "StoreSection",
    "dump",
    "load_config",
    "reference",
]
