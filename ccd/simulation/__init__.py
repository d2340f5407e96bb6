"""Worlds on virtual time, and days once more: what `ccd simulate`, `ccd replay` and the tests run the engine in."""
