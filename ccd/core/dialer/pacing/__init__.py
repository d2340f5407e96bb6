"""How many calls to place now: one algorithm a file, behind the small base."""
