"""Configuration: frozen sections, TOML + conf.d, unknown keys refused, all problems at once."""

from visitbridge.config.load import DEFAULT_FILE, Loaded, load_config
from visitbridge.config.reference import reference
from visitbridge.config.sections import (
    BoxSection,
    Config,
    DataCentreSection,
    HttpSection,
    LabSection,
    LinkSection,
    LogSection,
    ModemSection,
    OutboxSection,
    PolicySection,
    PowerSection,
    ReadersSection,
    StoreSection,
    SupportSection,
    TimeSection,
    TrainingSection,
    UplinksSection,
)
from visitbridge.config.show import dump, plain_settings

__all__ = [
    "DEFAULT_FILE",
    "BoxSection",
    "Config",
    "DataCentreSection",
    "HttpSection",
    "LabSection",
    "LinkSection",
    "Loaded",
    "LogSection",
    "ModemSection",
    "OutboxSection",
    "PolicySection",
    "PowerSection",
    "ReadersSection",
    "StoreSection",
    "SupportSection",
    "TimeSection",
    "TrainingSection",
    "UplinksSection",
    "dump",
    "load_config",
    "plain_settings",
    "reference",
]
