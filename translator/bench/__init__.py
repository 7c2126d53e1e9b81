"""``verso bench``: how fast a model translates on this machine, and beside what."""

WIDTHS = (1, 4, 8, 16, 32, 63)
