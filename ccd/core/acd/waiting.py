"""Waiting in a queue: entry, place, announcements, and exactly one outcome."""

from typing import TYPE_CHECKING

from ccd.core.acd import offer
from ccd.core.call import Call, Visit
from ccd.core.dialer import attempt, holding
from ccd.core.flow.interpreter import QueueEnded, signal
from ccd.core.flow.prompt import Sound
from ccd.core.timer import VisitTimer
from ccd.model.command import Hold, Play, Ring
from ccd.model.fact import QueueEntered, QueueLeft, VisitOutcome
from ccd.model.ids import SECOND, AgentId, Length, Moment, SwitchName

if TYPE_CHECKING:
    from ccd.core.configuration import Queue
    from ccd.core.floor import Floor


PLACE_KEPT: Length = 600 * SECOND
MOST_PLACES = 10_000


def enter(
    floor: "Floor", call: Call, queue: "Queue", priority: Length, max_wait: Length, leave_at_no_agent: bool
) -> None:
    """Wait in the queue; `QueueEnded` comes to the step. `max_wait` 0 is no limit.

    The place counts from the first entry into any queue (`waiting_since`), less `priority`, a head start.
    """
    now, queue_id, leg = floor.now, queue.id, call.leg
    call.waiting_since = since = call.waiting_since or old_place(floor, call) or now
    call.visits = serial = call.visits + 1
    call.phase = "waiting"
    limit = now + max_wait if max_wait else 0
    if call.visit_is_known:
        call.visit_is_known = False
        entered = since
    else:
        floor.note(QueueEntered(call.id, queue_id, since, priority))
        entered = now
    key = since - priority
    call.visit = Visit(queue_id, entered, key, serial, leave_at_no_agent, limit)
    if leave_at_no_agent and not floor.staffed.get(queue_id):
        leave(floor, call, "no_agent")
        return
    match(floor, call, queue, key)
    step = call.cursor.step if call.cursor else ""
    floor.mark(leg, CCD_QUEUE=queue_id, CCD_SINCE=f"{since}", CCD_STEP=step)
    if priority:
        floor.mark(leg, CCD_PRIORITY=f"{priority}")
    soothe(floor, call, queue)
    if max_wait:
        floor.at(limit, VisitTimer(call.id, serial, "max_wait"))
    if queue.announcements:
        floor.at(now + queue.announcements.first_after, VisitTimer(call.id, serial, "announcement"))


def keep_place(floor: "Floor", call: Call) -> None:
    """The switch dropped him (it was started again): should he call once more soon, he gets his old place."""
    if not call.number:
        return
    places = floor.lost_places
    places.pop(call.number, None)
    places[call.number] = (call.waiting_since, floor.now)
    while len(places) > MOST_PLACES:
        del places[next(iter(places))]


def old_place(floor: "Floor", call: Call) -> Moment:
    """Since when he had waited before he was dropped; 0 if he was not, or too long ago. It is given once."""
    since, lost_at = floor.lost_places.pop(call.number, (0, 0))
    return since if floor.now - lost_at <= PLACE_KEPT else 0


def soothe(floor: "Floor", call: Call, queue: "Queue") -> None:
    """What a caller hears who waits: music, or before the answer his phone's ringing (once an agent's rings, if he was
    offered to one at once: nothing is to delay that).
    """
    if call.answered:
        floor.send_last(Hold(call.leg, queue.music))
    elif call.offer is None:
        ring(floor, call)


def ring(floor: "Floor", call: Call) -> None:
    """The caller's phone is told that it rings, once."""
    if not call.answered and not call.rings:
        call.rings = True
        floor.send_last(Ring(call.leg))


def queue_of(floor: "Floor", call: Call) -> "Queue":
    """The rules of the queue that a call waits in."""
    assert call.visit is not None
    return floor.queues[call.visit.queue]


def match(floor: "Floor", call: Call, queue: "Queue", key: Moment) -> None:
    """The best ready agent for a caller without an offer, else a place among the waiting."""
    area = floor.area_of(call.leg)
    agent = find_agent(floor, call, queue, area)
    if agent is None:
        floor.routing.add_waiting(call.id, queue.id, key, area)
    else:
        offer.make(floor, call, queue, floor.agents[agent], "caller")


def find_agent(floor: "Floor", call: Call, queue: "Queue", area: SwitchName) -> AgentId | None:
    """The best who is ready: for a dialled call of those held for its campaign, and none of those for anybody else, but
    where a campaign can spare one.
    """
    if call.campaign is not None and (held := holding.take(floor, call, area)) is not None:
        return held
    agent = floor.routing.take_agent(queue.id, area)
    if agent is None and floor.dialling and call.campaign is None:
        return holding.lend(floor, queue.id, area)
    return agent


def match_waiting(floor: "Floor", call: Call) -> None:
    """The best ready agent, if there is one by now, for a caller who has his place among the waiting."""
    queue = queue_of(floor, call)
    agent = find_agent(floor, call, queue, floor.area_of(call.leg))
    if agent is not None:
        floor.routing.remove_waiting(call.id)
        offer.make(floor, call, queue, floor.agents[agent], "caller")


def rematch(floor: "Floor", call: Call) -> None:
    """An offer came to nothing: on with the next agent, in the old place; the music, if a bridge stopped it, again.

    Where the longest wait was reached while the bridge was on its way, the wait is over now.
    """
    if call.phase != "waiting" or call.visit is None or call.offer is not None:
        return
    leg = floor.legs.get(call.leg)
    if leg is None or leg.state == "ending":
        return
    if 0 < call.visit.limit <= floor.now:
        leave(floor, call, "overflowed")
        return
    queue = queue_of(floor, call)
    match(floor, call, queue, call.visit.key)
    if not call.visit.announcing:
        soothe(floor, call, queue)


def leave(floor: "Floor", call: Call, outcome: VisitOutcome) -> None:
    """The stay ends without an agent: the flow goes on with the outcome."""
    stop(floor, call, outcome)
    call.phase = "flow"
    signal(floor, call, QueueEnded(outcome))


def stop(floor: "Floor", call: Call, outcome: VisitOutcome) -> None:
    """The stay ends; a phone that rings for it stops ringing."""
    floor.routing.remove_waiting(call.id)
    note_left(floor, call, outcome)
    if call.offer is not None:
        offer.withdraw(floor, floor.offers[call.offer])


def note_left(floor: "Floor", call: Call, outcome: VisitOutcome, at: Moment = 0) -> None:
    """The one outcome of the stay; the wait was over at `at`, where that was earlier."""
    visit = call.visit
    assert visit is not None
    call.visit = None
    floor.note(QueueLeft(call.id, visit.queue, outcome, (at or floor.now) - visit.entered))
    if call.campaign is not None:
        attempt.on_left_queue(floor, call, outcome, at)


def send_on_unserved(floor: "Floor") -> None:
    """Nobody is logged in any more for some queue: those in it whose flow has a way for that take it."""
    stranded = [
        call
        for call in floor.calls.values()
        if call.visit and call.visit.leave_at_no_agent and not floor.staffed.get(call.visit.queue)
    ]
    for call in stranded:
        if call.phase == "waiting":
            leave(floor, call, "no_agent")


def on_timer(floor: "Floor", timer: VisitTimer) -> None:
    """The longest wait is reached, or an announcement is due."""
    call = floor.calls.get(timer.call)
    if call is None or call.visit is None or call.visit.serial != timer.serial or call.phase != "waiting":
        return
    if timer.what == "announcement":
        announce(floor, call, call.visit)
    elif not is_being_joined(floor, call):
        leave(floor, call, "overflowed")


def is_being_joined(floor: "Floor", call: Call) -> bool:
    """Whether an agent has answered and the bridge is on its way: then no limit takes the caller from him."""
    return call.offer is not None and floor.offers[call.offer].stage == "bridging"


def announce(floor: "Floor", call: Call, visit: Visit) -> None:
    """Tell place and expected wait; a bridge breaks in at once. Who is not answered hears nothing but ringing."""
    rules = floor.queue(visit.queue).announcements
    if rules is None:
        return
    floor.at(floor.now + rules.every, VisitTimer(call.id, visit.serial, "announcement"))
    sounds = announcement(floor, call, visit) if call.answered else ()
    if sounds and not is_being_joined(floor, call):
        visit.announcing = True
        leg = floor.legs[call.leg]
        leg.play_serial += 1
        floor.send(Play(leg.id, leg.play_serial, sounds))


def announcement(floor: "Floor", call: Call, visit: Visit) -> tuple[str, ...]:
    """The sounds that are due to this caller now."""
    rules = floor.queue(visit.queue).announcements
    assert rules is not None
    site = floor.configuration.site.language
    language = call.language or (call.cursor.flow.language if call.cursor else "") or site
    ahead = floor.routing.ahead(visit.queue, visit.key)
    sounds: list[str] = []
    positions = rules.position.get(language) or rules.position.get(site, ())
    if positions:
        sounds.append(positions[min(ahead, len(positions) - 1)])
    minutes = rules.expected_wait.get(language) or rules.expected_wait.get(site, ())
    wait = floor.statistics.expected_wait(visit.queue, ahead + 1, floor.staffed.get(visit.queue, 0))
    if minutes and wait is not None:
        sounds.append(minutes[min(wait // 60_000_000, len(minutes) - 1)])
    if rules.message:
        sounds += [piece.name for piece in rules.message.pieces(language, site) if isinstance(piece, Sound)]
    return tuple(sounds)


def on_play_ended(floor: "Floor", call: Call, serial: int) -> None:
    """The announcement is over: music again."""
    visit = call.visit
    if visit is not None and visit.announcing and serial == floor.legs[call.leg].play_serial:
        visit.announcing = False
        if not is_being_joined(floor, call):
            floor.send(Hold(call.leg, floor.queue(visit.queue).music))
