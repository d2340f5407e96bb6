"""Configuration: the site's YAML to frozen values, every mistake told with its place."""
