"""What a simulated day is like: who calls when, how callers and agents behave, how often what goes wrong."""

from collections.abc import Mapping

from msgspec import Struct, field

from ccd.model.ids import SECOND, AgentId, Length
from ccd.simulation.distribution import Distribution, exponential, fixed, lognormal
from ccd.switch.simulated.settings import Settings

HOUR: Length = 3_600 * SECOND


class Callers(Struct, frozen=True):
    """How callers behave. `keys` weighs what is pressed at a step (`flow.step`, or `step`), else every choice alike.

    Patience counts from the first music; the rates are shares of callers, 0..1.
    """

    patience: Distribution = exponential(180)
    talk_time: Distribution = lognormal(180)
    talk_times: Mapping[str, Distribution] = field(default_factory=dict)
    """By queue, where it differs."""
    level_factors: Mapping[int, float] = field(default_factory=dict)
    """What an agent's level of the skill that a queue asks for first makes of the talk's length."""
    think_time: Distribution = Distribution("uniform", 2 * SECOND)
    keys: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    wrong_key_rate: float = 0.0
    silent_rate: float = 0.0
    early_hang_up_rate: float = 0.0
    """Who hangs up during a prompt."""
    redial_rate: float = 0.0
    """Of those who were not answered, who calls again a minute later."""
    known_rate: float = 0.5
    """Whose number has a record."""
    silence_limit: Length = 90 * SECOND
    """Nobody listens to nothing for longer."""


class Agents(Struct, frozen=True):
    """How agents behave. The rates are shares of offers or talks, the `…_every` mean times between; 0 is never."""

    pick_up_time: Distribution = Distribution("uniform", 3 * SECOND)
    refusal_rate: float = 0.0
    no_answer_rate: float = 0.0
    log_out_in_talk_rate: float = 0.0
    pause_in_talk_rate: float = 0.0
    transfer_rate: float = 0.0
    record_key_rate: float = 0.0
    """Talks in which the recording is begun, paused or resumed by key."""
    pause_every: Length = 0
    pause_time: Distribution = exponential(300)
    log_out_every: Length = 0
    phone_lost_every: Length = 0
    phone_lost_time: Distribution = exponential(60)
    private_call_every: Length = 0
    private_call_time: Distribution = exponential(60)
    outbound_call_every: Length = 0
    early_end_of_wrap_up_rate: float = 0.0


class Faults(Struct, frozen=True):
    """Faults of the link, the switch, and the records, and what people at desks do; mean times between, 0 is never."""

    link_down_every: Length = 0
    link_down_time: Distribution = exponential(4)
    restart_every: Length = 0
    restart_time: Distribution = fixed(2)
    trunk_away_every: Length = 0
    """Nothing comes through one of the trunks between switches, where there are several."""
    trunk_away_time: Distribution = exponential(30)
    kill_every: Length = 0
    """The daemon is killed, and begins anew where its journal ends."""
    dead_time: Distribution = exponential(4)
    reload_every: Length = 0
    """Another configuration is loaded, where the world has others."""
    supervisor_every: Length = 0
    """Somebody hangs up a call, or changes its recording, through the API."""
    no_record_rate: float = 0.0
    """Questions that get no answer."""


class Profile(Struct, frozen=True):
    """`calls` gives calls an hour by number dialled, hour by hour of the day from midnight; shorter lists repeat.

    `shifts` gives (first hour, last hour) by agent; who is not in it works all the time.
    """

    calls: Mapping[str, tuple[float, ...]]
    callers: Callers = Callers()
    agents: Agents = Agents()
    faults: Faults = Faults()
    switch: Settings = Settings()
    shifts: Mapping[AgentId, tuple[float, float]] = field(default_factory=dict)
