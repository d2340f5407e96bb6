"""Automatic call distribution: who waits, who is ready, who gets whom."""
