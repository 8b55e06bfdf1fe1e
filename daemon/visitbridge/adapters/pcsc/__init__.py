"""Card readers through PC/SC (pcscd): every USB reader with a CCID driver, and virtual ones."""
