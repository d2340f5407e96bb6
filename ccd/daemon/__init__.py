"""The daemon: the one loop, the journal, and the composition of all rooms."""
