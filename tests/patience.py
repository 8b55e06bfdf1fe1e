"""How long a test waits for what must come; one figure for every suite that starts whole programs.

It says when to give up, never how fast something has to be: a build server with other work is several times slower than a
quiet machine, and a test that goes well does not wait. What has to be fast is measured in tests/bench.
"""

from __future__ import annotations

PATIENCE_S = 180.0
