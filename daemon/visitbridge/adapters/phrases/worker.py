"""The worker: one pass-phrase on stdin, one word on stdout, then it ends, and what it knew of the phrase with it.

It runs apart from the daemon for the memory that dictionaries take, which are needed a few times in a box's life. It
limits itself before it reads: memory, processor time, no file that it could write.
"""

from __future__ import annotations

import resource
import sys

import msgspec

from visitbridge.adapters.phrases.judge import HARD, SOON, PhraseTask
from visitbridge.protocols.guessing import HARD_LOG10, guesses_log10

MEMORY_BYTES = 512 * 1024 * 1024
"""Of address space."""

PROCESSOR_S = 25
INPUT_BYTES = 16 * 1024


def limit_self() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_S, PROCESSOR_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    limit_self()
    task = msgspec.json.decode(sys.stdin.buffer.read(INPUT_BYTES), type=PhraseTask)
    is_hard = guesses_log10(task.phrase, task.own_words) >= HARD_LOG10
    sys.stdout.buffer.write(HARD if is_hard else SOON)


if __name__ == "__main__":
    main()
