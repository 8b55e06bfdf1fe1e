"""Exit codes; those from 64 on as sysexits.h has them."""

from __future__ import annotations

from typing import Final

EXIT_NOT_DRAINED: Final = 1
EXIT_NOT_READY: Final = 1
EXIT_NOT_WELL: Final = 1
EXIT_REFUSED: Final = 65
EXIT_UNAVAILABLE: Final = 69
EXIT_SOFTWARE: Final = 70
EXIT_CONFIG: Final = 78
