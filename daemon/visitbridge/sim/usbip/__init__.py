"""A simulated USB card reader for a real kernel: USB/IP on one side, the slots of simulated cards on the other."""
