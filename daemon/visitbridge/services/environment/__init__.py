"""環境檢測: is this box ready to work, each item proven by doing it (B01, A13)."""

from visitbridge.services.environment.report import Check, CheckState, EnvironmentReport
from visitbridge.services.environment.survey import Survey

__all__ = ["Check", "CheckState", "EnvironmentReport", "Survey"]
