"""HTTP: one module per resource, each a thin layer over a desk."""
