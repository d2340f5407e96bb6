"""Background jobs: each rings one phone, for as long as it rings."""

from ccd.switch.freeswitch.leg import Leg
from ccd.switch.freeswitch.output import Output
from ccd.switch.freeswitch.question import Then
from ccd.wire.esl import BgApi


class Jobs:
    """Which leg a Job-UUID is for. Every client of FreeSWITCH sees every job: those of others are not in here."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._legs: dict[str, Leg] = {}

    @property
    def is_full(self) -> bool:
        """Whether one more might bring FreeSWITCH down."""
        return len(self._legs) >= self._output.settings.job_limit

    def begin(self, leg: Leg, argument: str, then: Then) -> None:
        """Originate."""
        job = f"{self._output.settings.id_prefix}-{leg.uuid}"
        self._legs[job] = leg
        self._output.ask(BgApi("originate", argument, job), then)

    def done(self, job: str) -> Leg | None:
        """BACKGROUND_JOB: whose it was."""
        return self._legs.pop(job, None)

    def dropped(self, leg: Leg) -> None:
        """The leg is over, or its job was refused: no result is waited for."""
        self._legs.pop(f"{self._output.settings.id_prefix}-{leg.uuid}", None)
