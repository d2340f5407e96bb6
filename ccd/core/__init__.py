"""The decisions: pure and deterministic. Same inputs, times, seed and configuration, same commands, byte for byte."""
