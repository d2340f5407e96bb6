"""What a phone process is told at its start."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PhoneSettings:
    """A phone: who it is, whom it registers with, what it says (a tone in Hz, 0 for silence), where it records."""

    name: str
    server: str
    password: str
    host: str
    rtp_port: int
    tone: int
    folder: str
    log_level: int = 1
