"""``verso bench``: how fast a model translates on this machine, and beside what."""
