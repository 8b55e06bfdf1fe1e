"""Where in the training's folder both sides find each other."""

from typing import Final

DESK: Final = "desk.sock"
