"""FreeSWITCH over its event socket: the driver and its settings."""
