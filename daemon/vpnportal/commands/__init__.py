"""What each command does. Output goes through ``say``, one line at a time."""
