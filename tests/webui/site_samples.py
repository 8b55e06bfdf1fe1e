"""健保署網站上的準備 in two moments: a new institution, and one in the middle of it."""

from __future__ import annotations

from tests.webui.samples import site_step
from visitbridge.domain.site_steps import SiteState, SiteStep

NEW = [site_step(step) for step in SiteStep]
PART = [
    site_step(SiteStep.MANAGERS, SiteState.DONE, by="王代表", hours=30),
    site_step(SiteStep.SERVICE_SETTINGS, SiteState.DONE, by="林管理", hours=3),
    site_step(SiteStep.SERVICE_VISITS, SiteState.APPLIED, by="林管理", hours=3),
    site_step(SiteStep.SERVICE_DISPENSING),
    site_step(SiteStep.USERS, SiteState.OPEN, by="技術手機", hours=1),
    site_step(SiteStep.GRANTS),
    site_step(SiteStep.CATALOGUES),
    site_step(SiteStep.APPLICATION, SiteState.APPLIED, by="陳醫師"),
]
