"""``python -m visitbridge``."""

import sys

from visitbridge.cli import main

sys.exit(main())
