"""CCID bulk and interrupt messages and the dialogue they make (USB-IF, CCID Rev. 1.1; hardware.md §1.5)."""
