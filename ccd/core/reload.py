"""A configuration takes effect: queues and agents switch at once, calls keep their flow."""

from typing import TYPE_CHECKING

from ccd.core import switches
from ccd.core.acd import agent as agents
from ccd.core.acd import waiting
from ccd.core.configuration import Configuration
from ccd.core.dialer import campaign as campaigns
from ccd.model.fact import ConfigurationTaken

if TYPE_CHECKING:
    from ccd.core.floor import Floor


def take_configuration(floor: "Floor", configuration: Configuration) -> None:
    """From now on by these rules. A queue that is no more lives on until its last caller and talk have left it."""
    former_network, floor.configuration = floor.network, configuration
    floor.note(ConfigurationTaken(configuration.hash))
    in_use = {call.visit.queue for call in floor.calls.values() if call.visit}
    in_use |= {call.queue for call in floor.calls.values() if call.queue}
    former = {queue: rules for queue, rules in floor.queues.items() if queue in in_use}
    floor.queues = {**former, **configuration.queues}
    floor.statistics.queues = floor.queues
    for agent_id in configuration.agents:
        if agent_id not in floor.agents:
            floor.agents[agent_id] = agents.Agent(agent_id)
    take_campaigns(floor)
    floor.routing.configure(floor.queues, configuration.agents)
    switches.connect(floor)
    count_staff(floor)
    agents.settle_all(floor)  # by place, before those whose agents are no more look for others
    for agent_id in [known for known in floor.agents if known not in configuration.agents]:
        if floor.agents[agent_id].state == "logged_out":
            del floor.agents[agent_id]
        else:
            agents.log_out(floor, agent_id)
    switches.forget_removed(floor, former_network)
    agents.settle_all(floor)
    for call in [call for call in floor.calls.values() if call.visit and call.visit.queue not in configuration.queues]:
        if call.phase == "waiting" and call.offer is None:
            waiting.leave(floor, call, "lost")
    waiting.send_on_unserved(floor)


def take_campaigns(floor: "Floor") -> None:
    """Campaigns go on by their new rules; one that is no more dials nothing new, and goes with its last line."""
    for campaign_id, rules in floor.configuration.campaigns.items():
        known = floor.campaigns.get(campaign_id)
        if known is None:
            floor.campaigns[campaign_id] = campaigns.new(rules)
        else:
            campaigns.take_rules(floor, known, rules)
    for gone in [one for one in floor.campaigns.values() if one.id not in floor.configuration.campaigns]:
        if gone.state != "stopped":
            campaigns.change(floor, gone, "stopped", "not in the configuration any more")
        elif not gone.attempts:
            del floor.campaigns[gone.id]


def count_staff(floor: "Floor") -> None:
    """How many are logged in for each queue."""
    floor.staffed = {}
    for agent in floor.agents.values():
        if agent.state != "logged_out":
            for queue in floor.routing.queues_of(agent.id):
                floor.staffed[queue] = floor.staffed.get(queue, 0) + 1
