"""One module per resource: each lists its routes and calls one service."""
