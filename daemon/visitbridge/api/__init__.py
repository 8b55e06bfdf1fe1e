"""The HTTP face of the box: a typed route table, one module per resource, JSON in and out, SSE for live state."""
