"""Asterisk over AMI: the driver and its settings."""
