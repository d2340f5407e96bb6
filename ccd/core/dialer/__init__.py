"""The dialler: whom to call, when, and how many at once."""
