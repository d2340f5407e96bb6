"""A caller in a flow written in YAML: the engine is real, the switch is what the test says."""

from dataclasses import replace
from typing import Any

from ccd.config.document import read
from ccd.config.flow import compile_flow
from ccd.config.scope import Scope
from ccd.core.configuration import Configuration
from ccd.core.flow.flow import Flow
from ccd.model.command import Answer, Ask, HangUp, Play, RecordMessage, StopPlay
from ccd.model.event import Answered, DigitPressed, LegAnswered, LegArrived, MessageRecorded, PlayEnded
from ccd.model.fact import StepEntered, StepLeft
from tests.core.centre import Centre, agent, configuration, leg, queue

LEG = leg("1.1")


def flow_of(text: str) -> Flow:
    """The flow of a document that must be right; a text's sound is the text itself."""
    document = read(text.encode(), "test.yaml")
    file = compile_flow(document, Scope(lambda spoken, language: f"{language}:{spoken}"))
    assert file is not None, [str(problem) for problem in document.problems]
    return file.flow


def site(*texts: str, **settings: Any) -> Configuration:
    """A site with these flows (the first one answers), one queue `sales` and one agent, `ana`."""
    flows = {flow.name: flow for flow in map(flow_of, texts)}
    return replace(configuration(flows, (queue("sales"),), (agent("ana", sales=5),)), **settings)


class Ivr(Centre):
    """A centre with one caller in it."""

    def __init__(self, *texts: str, number: str = "+34600", ani_name: str = "", **settings: Any) -> None:
        config = site(*texts, **settings)
        super().__init__(config)
        self.ani_name = ani_name
        self.number = number
        self.dnis = next(iter(config.flows))

    def call(self) -> "Ivr":
        """The caller arrives; if ccd answers, that works."""
        arrived = self.arrive_as(self.number)
        if any(isinstance(command, Answer) for command in arrived.commands):
            self.feed(LegAnswered(LEG), 1)
        return self

    def arrive_as(self, number: str) -> Any:
        """The caller's leg with his number."""
        return self.feed(LegArrived(LEG, ani="600", ani_name=self.ani_name, dnis=self.dnis, number=number), 1)

    def last(self, kind: type) -> Any:
        """The last command of a kind, None if there was none."""
        return next((command for command in reversed(self.commands) if isinstance(command, kind)), None)

    def played(self) -> list[tuple[str, ...]]:
        """What was played so far."""
        return [command.sounds for command in self.commands if isinstance(command, Play)]

    def heard(self, result: Any = "finished") -> "Ivr":
        """The prompt that plays is over."""
        self.feed(PlayEnded(LEG, self.last(Play).serial, result), 1)
        return self

    def press(self, keys: str) -> "Ivr":
        """The caller presses keys."""
        for key in keys:
            self.feed(DigitPressed(LEG, key), 1)
        return self

    def told(self, value: Any) -> "Ivr":
        """The last question is answered."""
        self.feed(Answered(self.last(Ask).question, value), 1)
        return self

    def message(self, length: int) -> "Ivr":
        """The message is recorded."""
        self.feed(MessageRecorded(LEG, self.last(RecordMessage).serial, length, "finished"), 1)
        return self

    def way(self) -> list[str]:
        """The steps gone through, each with its result."""
        return [f"{fact.step}: {fact.result}" for fact in self.facts if isinstance(fact, StepLeft)]

    def at(self) -> str:
        """The step entered last."""
        return str(self.of(StepEntered)[-1].step)

    def variable(self, name: str) -> Any:
        """A variable of the call."""
        (call,) = self.engine.floor.calls.values()
        return call.variables.get(name)

    def is_over(self) -> bool:
        """Whether ccd hung up."""
        return self.last(HangUp) is not None

    def stops(self) -> int:
        """How often a prompt was stopped."""
        return sum(isinstance(command, StopPlay) for command in self.commands)
