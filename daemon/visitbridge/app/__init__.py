"""The composition root: it alone sees every part of the box.

``services`` builds the rooms where the rules live, ``front`` the HTTP face before them, ``readers`` chooses card
readers by configuration, ``run`` starts and stops it all. Nothing here decides anything about people, cards
or jobs.
"""

from visitbridge.app.options import Options, Ready, require_allowed
from visitbridge.app.run import STOP_BUDGET_S, run_gateway

__all__ = ["STOP_BUDGET_S", "Options", "Ready", "require_allowed", "run_gateway"]
