"""Keeps the looks of the last run of ``tests/webui/test_screens.py`` as the baselines; see :mod:`tests.webui.baselines`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from PIL import Image

from tests.webui.baselines import BASELINES, SHEETS, encode
from tests.webui.test_screens import SCREENS


def main(names: Sequence[str]) -> int:
    """Of all screens, or of those named; 1 when one of them was not taken."""
    known = [screen.name for screen in SCREENS]
    missing = [name for name in names or known if not (SHEETS / f"{name}.png").is_file()]
    if missing:
        sys.stderr.write(f"not taken yet: {', '.join(missing)}; run tests/webui/test_screens.py first\n")
        return 1
    BASELINES.mkdir(exist_ok=True)
    for name in names or known:
        with Image.open(SHEETS / f"{name}.png") as taken:
            (BASELINES / f"{name}.avif").write_bytes(encode(taken))
    for gone in {path.stem for path in BASELINES.glob("*.avif")} - set(known):
        (BASELINES / f"{gone}.avif").unlink()
    sizes = [path.stat().st_size for path in BASELINES.glob("*.avif")]
    sys.stdout.write(f"{len(sizes)} screens, {sum(sizes)} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
