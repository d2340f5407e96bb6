"""Worlds on virtual time: seeded callers, agents and faults around the real engine, and what must always hold."""
