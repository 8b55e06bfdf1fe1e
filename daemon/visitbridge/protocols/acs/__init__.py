"""ACS ACR3901U-S1 and ACR3901T-W1 over Bluetooth LE: frames, encryption, authentication, dialogue (hardware.md §1.1)."""
