"""How often the modem watch looks at the modem."""

from __future__ import annotations

import msgspec


class WatchPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How often to look: while all is well, while something is missing, and for a modem that is not there.

    The modem says by itself what changes; looking is for what it does not say.
    """

    look_well_s: float = 60.0
    look_ill_s: float = 5.0
    look_silent_s: float = 5.0
    look_absent_s: float = 1.0
    look_gap_s: float = 0.1
    activate_again_s: float = 10.0

    def paced(self, pace: float) -> WatchPolicy:
        """The same with the looks at a modem that is not well multiplied by ``pace``."""
        return msgspec.structs.replace(
            self,
            look_ill_s=self.look_ill_s * pace,
            look_silent_s=self.look_silent_s * pace,
            look_absent_s=self.look_absent_s * pace,
            activate_again_s=self.activate_again_s * pace,
        )
