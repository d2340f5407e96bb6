"""IVR flows: what a caller hears and does, step by step."""
