"""Prescriptions on paper: a PDF, made in a process of its own that ends after each page."""

from visitbridge.adapters.paper.maker import WorkerPaper

__all__ = ["WorkerPaper"]
