"""The worker: one pass-phrase on stdin, one word on stdout, then it ends, and what it knew of the phrase with it.

It runs apart from the daemon for the memory that dictionaries take, which are needed a few times in a box's life. It
limits itself before it reads: memory, processor time, no file that it could write.
"""

from __future__ import annotations

import sys

import msgspec

from visitbridge.adapters.phrases.judge import HARD, SOON, PhraseTask
from visitbridge.adapters.worker_limits import limit_self
from visitbridge.protocols.guessing import HARD_LOG10, guesses_log10

MEMORY_BYTES = 512 * 1024 * 1024
"""Of address space."""

PROCESSOR_S = 25
INPUT_BYTES = 16 * 1024


def main() -> None:
    limit_self(memory_bytes=MEMORY_BYTES, processor_s=PROCESSOR_S)
    task = msgspec.json.decode(sys.stdin.buffer.read(INPUT_BYTES), type=PhraseTask)
    is_hard = guesses_log10(task.phrase, task.own_words) >= HARD_LOG10
    sys.stdout.buffer.write(HARD if is_hard else SOON)


if __name__ == "__main__":
    main()
