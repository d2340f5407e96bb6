"""`ccd agents`: the list, and log in, log out, pause, unpause."""

from typing import Annotated
from urllib.parse import quote

import typer

from ccd.cli.client import client
from ccd.cli.screen import Cell, console, now, plain, print_json, since, table, word
from ccd.model.view import AgentView
from ccd.web.answer import Agents

app = typer.Typer(invoke_without_command=True, help="The agents, and what they can be made to do.")
HEADS = ("agent", "name", "number", "state", "for>", "reason", "phone", "", "call", "missed>", "skills")
Who = Annotated[str, typer.Argument(metavar="AGENT", help="The agent's id.")]


@app.callback()
def agents(context: typer.Context, json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """The agents, and what they can be made to do."""
    if context.invoked_subcommand:
        return
    answer = client(context).get("/v1/agents", Agents)
    if json:
        print_json(answer)
    else:
        console().print(table("Agents", HEADS, [_row(agent) for agent in answer.agents]))


def _row(agent: AgentView) -> tuple[Cell, ...]:
    return (
        agent.id,
        agent.name,
        agent.number,
        word(agent.state),
        since(agent.since, now()),
        agent.reason,
        agent.endpoint,
        word(agent.endpoint_state or ""),
        agent.call or "",
        agent.missed or "",
        ", ".join(f"{skill} {level}" for skill, level in agent.skills.items()),
    )


@app.command()
def login(
    context: typer.Context,
    agent: Who,
    endpoint: Annotated[
        str, typer.Argument(help="The phone as the switch dials it, PJSIP/1001; on another one annex:PJSIP/1001.")
    ],
) -> None:
    """Log an agent in at a phone."""
    _do(context, agent, "login", {"endpoint": endpoint}, f"logged in at {endpoint}")


@app.command()
def logout(context: typer.Context, agent: Who) -> None:
    """Log an agent out."""
    _do(context, agent, "logout", None, "logged out")


@app.command()
def pause(
    context: typer.Context, agent: Who, reason: Annotated[str, typer.Argument(help="A word of the site's list.")] = ""
) -> None:
    """No calls for an agent until unpaused."""
    _do(context, agent, "pause", {"reason": reason}, "paused")


@app.command()
def unpause(context: typer.Context, agent: Who) -> None:
    """Calls again."""
    _do(context, agent, "unpause", None, "unpaused")


@app.command("end-wrap-up")
def end_wrap_up(context: typer.Context, agent: Who) -> None:
    """Done with the after-call work."""
    _do(context, agent, "end-wrap-up", None, "has ended the wrap-up")


def _do(context: typer.Context, agent: str, action: str, body: object | None, done: str) -> None:
    client(context).post(f"/v1/agents/{quote(agent, safe='')}/{action}", body)
    typer.echo(plain(f"{agent}: {done}"))
