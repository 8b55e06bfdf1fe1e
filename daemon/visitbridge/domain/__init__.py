"""What the work is about: people, cards, visits, codes, jobs. Pure: no clock, no I/O."""
