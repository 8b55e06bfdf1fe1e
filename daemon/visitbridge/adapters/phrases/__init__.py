"""Pass-phrases judged in a process of its own."""

from visitbridge.adapters.phrases.judge import WorkerJudge

__all__ = ["WorkerJudge"]
