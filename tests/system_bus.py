"""The one system bus that a test process knows.

libdbus reads DBUS_SYSTEM_BUS_ADDRESS when it is first asked for the system's bus, and remembers it for good. So every
test process names a symbolic link of its own before anything can ask. It leads nowhere, and no test meets the
machine's bus, until a test points it at a private one.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

LINK = Path(tempfile.gettempdir()) / f"vb-test-{os.getpid()}.bus"


def name_our_bus() -> None:
    os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={LINK}"
