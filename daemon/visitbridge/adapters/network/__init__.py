"""The kernel's network interfaces, and names looked up through one of them only."""
