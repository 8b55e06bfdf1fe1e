"""``vb-image``: an SD card's image for arm64 boxes, made of Debian's packages and ours (docs/decisions/0065)."""
