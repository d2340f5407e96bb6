"""A switch on virtual time: it obeys, delays and fails as the real ones were seen to."""
