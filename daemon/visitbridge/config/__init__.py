"""Configuration: frozen sections, TOML + conf.d, unknown keys refused, all problems at once."""

from visitbridge.config.line_sections import LinkSection, ModemSection, TimeSection, UplinksSection
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
    PowerSection,
    ReadersSection,
    StoreSection,
    SupportSection,
    TrainingSection,
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
