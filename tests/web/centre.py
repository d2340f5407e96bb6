"""A centre of three agents and two calls, in memory: enough for the door to have something behind it."""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from ccd.model.caller import Caller, HistoryEntry, PastCall
from ccd.model.cdr import Candidate, Cdr, Explanation, Offer, QueueVisit, ShadowRemark, Step, Talk
from ccd.model.command import Reply
from ccd.model.event import AnyRequest, LogInRequested, PauseRequested
from ccd.model.ids import (
    SECOND,
    AgentId,
    CallerId,
    CallId,
    Endpoint,
    LegId,
    OfferId,
    QueueId,
    RecordingId,
    RequestId,
    SwitchName,
)
from ccd.model.view import (
    AgentView,
    CallerPage,
    CallPage,
    CallView,
    CentreView,
    Health,
    HealthPart,
    QueueView,
    SwitchView,
)
from ccd.web.answer import Erased
from ccd.web.centre import CallSelection, UnavailableError
from ccd.web.feed import Feed
from tests.web.desk import SmallDesk

NOW = 1_790_000_000 * SECOND
ANA, BEA, CARL = AgentId("ana"), AgentId("bea"), AgentId("carl")
SALES = QueueId("sales")
TALK, WAIT, PAST = CallId("c-1"), CallId("c-2"), CallId("c-0")
KNOWN, OTHER = CallerId("k-1"), CallerId("k-2")

CANDIDATES = (
    Candidate(BEA, (5, 3), NOW - 700 * SECOND),
    Candidate(ANA, (5, 2), NOW - 900 * SECOND),
    Candidate(CARL, (), refusal="paused"),
)
RECORD = Cdr(
    call=PAST,
    direction="inbound",
    started_at=NOW - 600 * SECOND,
    ani="+34910000001",
    ani_name="Pep \x1b[31m[bold]Ros",
    dnis="900",
    number="+34910000001",
    caller=KNOWN,
    flow="shop",
    answered_at=NOW - 580 * SECOND,
    ended_at=NOW - 500 * SECOND,
    ended_by="caller",
    wait_time=4 * SECOND,
    talk_time=80 * SECOND,
    way=(Step("shop", "choose", "menu", NOW - 600 * SECOND, NOW - 590 * SECOND, "key 1"),),
    visits=(QueueVisit(SALES, NOW - 590 * SECOND, NOW - 590 * SECOND, 0, NOW - 580 * SECOND, "answered", 4 * SECOND),),
    offers=(
        Offer(
            OfferId("o-1"),
            BEA,
            SALES,
            LegId("pbx/1/x"),
            NOW - 585 * SECOND,
            NOW - 700 * SECOND,
            "caller",
            NOW - 580 * SECOND,
            "accepted",
            0,
            Explanation(CANDIDATES, ShadowRemark("other_agent", ANA)),
        ),
    ),
    talks=(
        Talk(BEA, LegId("pbx/1/c"), LegId("pbx/1/x"), NOW - 580 * SECOND, NOW - 500 * SECOND, 80 * SECOND, "caller"),
    ),
)


class SmallCentre:
    """Carries out what it is asked in a few lines, refuses what the engine would, keeps what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.feed = Feed(backlog=5, most_viewers=3)
        self.folder = folder
        self.desk = SmallDesk(folder)
        self.requests: list[AnyRequest] = []
        self.selections: list[CallSelection] = []
        self.records_up = True
        self.ready = True
        self.errors: list[str] = []
        self.erased: list[CallerId] = []
        self.undeletable: tuple[RecordingId, ...] = ()
        self.agents = {
            ANA: AgentView(ANA, "Ana", "101", "ready", NOW, endpoint=Endpoint("PJSIP/101"), endpoint_state="idle"),
            BEA: AgentView(BEA, "Bea", "102", "talking", NOW, call=TALK, skills={"sales": 5}),
            CARL: AgentView(CARL, "Carl", "103", "logged_out", NOW),
        }
        self.running_calls = {
            TALK: CallView(TALK, "inbound", "talking", NOW, ani="+341", caller=KNOWN, agent=BEA, talk_began_at=NOW),
            WAIT: CallView(WAIT, "inbound", "waiting", NOW, ani_name="\x1b]0;x\x07", queue=SALES, position=1),
        }
        self.records = {
            KNOWN: Caller(KNOWN, NOW, ("+34910000001",), 1, {"tier": "gold"}),
            OTHER: Caller(OTHER, NOW, ("+34910000002",), 0, {}),
        }

    def new_request_id(self) -> RequestId:
        return RequestId(f"r-{len(self.requests)}")

    async def submit(self, request: AnyRequest) -> Reply:
        self.requests.append(request)
        if isinstance(request, LogInRequested) and self.agents[request.agent].state != "logged_out":
            return Reply(request.request, "already logged in")
        if isinstance(request, PauseRequested):
            self.agents[request.agent] = replace(self.agents[request.agent], state="paused", reason=request.reason)
        return Reply(request.request)

    def health(self) -> Health:
        redis = HealthPart("redis", self.records_up, required=False)
        return Health(self.ready, (HealthPart("switch pbx", self.ready, required=True, detail="10.0.0.1"), redis))

    def view(self) -> CentreView:
        return CentreView(
            at=NOW,
            site="Shop",
            version="1",
            started_at=NOW,
            configuration="abc",
            switches=(SwitchView(SwitchName("pbx"), self.ready, NOW, calls=2),),
            health=self.health(),
            agents=tuple(self.agents.values()),
            calls=tuple(self.running_calls.values()),
            queues=(
                QueueView(SALES, "Sales", (("sales", 1), ("english", 2)), 1, NOW - 7 * SECOND, 1, 2, 1, 10, 8, 6, 2),
            ),
            campaigns=self.desk.campaigns(),
        )

    def agent(self, agent: AgentId) -> AgentView | None:
        return self.agents.get(agent)

    def running(self, call: CallId) -> CallView | None:
        return self.running_calls.get(call)

    async def call(self, call: CallId) -> Cdr | None:
        self._demand_records()
        if call in self.running_calls:
            return Cdr(call, "inbound", NOW)
        return RECORD if call == PAST else None

    async def calls(self, selection: CallSelection) -> CallPage:
        self._demand_records()
        self.selections.append(selection)
        return CallPage((RECORD,)[: selection.limit])

    async def caller(self, caller: CallerId) -> Caller | None:
        self._demand_records()
        return self.records.get(caller)

    async def callers(self, search: str, cursor: str) -> CallerPage:
        self._demand_records()
        return CallerPage(tuple(record for record in self.records.values() if search in str(record)))

    async def update_caller(self, caller: CallerId, fields: dict[str, str]) -> Caller | None:
        record = self.records.get(caller)
        if record is not None:
            record = self.records[caller] = replace(record, fields=record.fields | fields)
        return record

    async def erase_caller(self, caller: CallerId) -> Erased | None:
        self._demand_records()
        if caller not in self.records and caller not in self.erased:
            return None
        self.erased.append(caller)
        self.records.pop(caller, None)
        return Erased(1, 1, self.undeletable)

    async def history(self, caller: CallerId, limit: int) -> Sequence[HistoryEntry] | None:
        return [PastCall(NOW, RECORD)][:limit] if caller in self.records else None

    def recording(self, recording: RecordingId) -> Path | None:
        path = self.folder / f"{recording}.wav"
        return path if path.is_file() else None

    async def reload(self) -> Sequence[str]:
        return self.errors

    def _demand_records(self) -> None:
        if not self.records_up:
            raise UnavailableError("The records are away.")
