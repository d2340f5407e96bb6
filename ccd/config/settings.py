"""`ccd.yaml`: what the daemon is told about its site."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    WithJsonSchema,
    model_validator,
)

from ccd.config.campaign import GLOBAL, CallingHoursSection, CampaignSection, Trunk, TrunkLimitSection
from ccd.config.flow import Scalar
from ccd.config.kind import (
    Duration,
    Identifier,
    Text,
    VariableName,
    WholeNumber,
    between,
    matching,
    of_kind,
    written,
)
from ccd.config.phone import FeatureCodesSection, PhonePromptsSection, SpeechSection
from ccd.config.problem import expectation, shown
from ccd.config.prompt import Documented, Language
from ccd.config.scope import problem
from ccd.config.section import (
    AgentSection,
    CalendarSection,
    DialPolicySection,
    Fraction,
    Line,
    QueueSection,
    RecordingSection,
    Ring,
    Role,
    Short,
    TimeZone,
)
from ccd.model.ids import MILLISECOND, SECOND

SIZE_UNITS = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}

Folder = Annotated[Text, AfterValidator(matching(r"[^\x00-\x1f\x7f]{1,400}", "a path"))]
Host = Annotated[Text, AfterValidator(matching(r"[A-Za-z0-9._:-]{1,200}", "a host's name or address"))]
Port = Annotated[WholeNumber, between(1, 65_535)]
Context = Annotated[Text, AfterValidator(matching(r"[A-Za-z0-9_-]{1,79}", "a context of the dialplan"))]
Dialled = Annotated[Text, AfterValidator(matching(r"[+0-9A-Za-z*#_.-]{1,40}", "a number as the trunk delivers it"))]
SwitchReference = Annotated[Text, AfterValidator(of_kind("switch"))]
FlowReference = Annotated[Text, AfterValidator(of_kind("flow"))]


def size(value: Any) -> int:
    """`50GB` in bytes."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    count, unit = (value[:-2], value[-2:]) if isinstance(value, str) else ("", "")
    if unit not in SIZE_UNITS or not (count.isascii() and count.isdigit() and len(count) <= 6):
        raise problem(f"{shown(value)} is no size" + expectation("as 500MB, 50GB"))
    return int(count) * SIZE_UNITS[unit]


Size = Annotated[int, BeforeValidator(size), WithJsonSchema({"type": "string", "pattern": "^[0-9]+(kB|MB|GB|TB)$"})]


class SiteSection(Documented):
    """What holds for the whole centre."""

    name: Line = "ccd"
    """The centre's name."""
    language: Language = "en"
    """The language of callers and texts that have none."""
    region: Annotated[Text, AfterValidator(matching(r"[A-Z]{2}", "a country as ES"))] = "US"
    """The country in whose way numbers without a country code are read."""
    time_zone: TimeZone = "UTC"
    """The time zone."""
    missed_offers_limit: Annotated[WholeNumber, between(1, 100)] = 3
    """An agent who missed so many calls in a row is paused."""
    outbound_wrap_up_time: Short = 0
    """Time for the agent after a call he made."""
    outbound_ring_time: Ring = 60 * SECOND
    """How long a dialled number rings."""
    outbound_recording: RecordingSection = Field(default_factory=RecordingSection)
    """What is recorded of the calls that agents make."""
    screen_pop_url: Line = ""
    """Sent to the agent's phone; `{call}`, `{caller}`, `{number}`, `{queue}` are filled in."""
    caller_lookup_time: Annotated[Duration, between(50 * MILLISECOND, 10 * SECOND, written)] = SECOND
    """The longest wait for a caller's record."""
    pause_reasons: list[Line] = Field(default_factory=list)
    """Why agents pause; the feature code takes them by number."""


class SecretSource(Documented):
    """A secret, which never stands in the file itself: exactly one of the two."""

    secret_file: Folder | None = None
    """A file that holds it, readable by ccd alone."""
    secret_env: Annotated[Text, AfterValidator(matching(r"[A-Z_][A-Z0-9_]{0,60}", "a name as CCD_SECRET"))] | None = (
        None
    )
    """An environment variable that holds it."""

    def read(self, base: Path) -> str:
        """The secret; OSError or KeyError where there is none. Empty if none is set."""
        if self.secret_file is not None:
            return (base / self.secret_file).read_text().strip()
        return os.environ[self.secret_env] if self.secret_env is not None else ""


class TlsSection(Documented):
    """TLS to a peer."""

    ca_file: Folder | None = None
    """Whose certificates are trusted; else the system's."""
    server_name: Host | None = None
    """The name in the peer's certificate; else the host."""


class ContextsSection(Documented):
    """The dialplan's contexts, as `dialplans/asterisk/ccd.conf` names them."""

    inbound: Context = "ccd-inbound"
    """Where a caller's leg begins."""
    loop: Context = "ccd-loop"
    """Where a leg waits for commands."""
    answer: Context = "ccd-answer"
    """Answers a leg."""
    ring: Context = "ccd-ring"
    """Lets an unanswered leg hear that it rings."""
    bridge: Context = "ccd-bridge"
    """Joins two legs."""
    agent: Context = "ccd-agent"
    """Where an agent's leg begins."""
    dialled: Context = "ccd-dialled"
    """Where a dialled leg begins."""
    handback: Context = "ccd-handback"
    """Where calls go that ccd gives back."""


class FenceSection(SecretSource):
    """A manager account with the class `command`, by which a standby ends the session of the daemon before it."""

    username: Annotated[Text, AfterValidator(matching(r"[A-Za-z0-9_.-]{1,80}", "a name"))] = "ccd-fence"
    """The manager account."""

    @model_validator(mode="after")
    def has_secret(self) -> "FenceSection":
        """Exactly one source of the secret."""
        if (self.secret_file is None) == (self.secret_env is None):
            raise problem("a fence has either `secret_file` or `secret_env`")
        return self


class SwitchSection(SecretSource):
    """What both kinds of switch have."""

    kind: Literal["asterisk", "freeswitch"]
    """What it is."""
    host: Host = "127.0.0.1"
    """Where its manager interface, or event socket, listens."""
    recordings: Annotated[Text, AfterValidator(matching(r"(/[A-Za-z0-9._-]+)+", "an absolute path"))]
    """The folder, as the switch sees it, in which it writes recordings."""

    @model_validator(mode="after")
    def has_secret(self) -> "SwitchSection":
        """Exactly one source of the secret."""
        if (self.secret_file is None) == (self.secret_env is None):
            raise problem("a switch has either `secret_file` or `secret_env`")
        return self


class AsteriskSection(SwitchSection):
    """An Asterisk, over its manager interface."""

    port: Port = 5038
    """The port of it."""
    trunks: dict[
        SwitchReference,
        Annotated[Text, AfterValidator(matching(r"PJSIP/[A-Za-z0-9_.-]{1,60}", "a trunk as PJSIP/to-b"))],
    ] = Field(default_factory=dict)
    """Another switch to the trunk by which its phones are reached."""
    username: Annotated[Text, AfterValidator(matching(r"[A-Za-z0-9_.-]{1,80}", "a name"))]
    """The manager account."""
    tls: TlsSection | None = None
    """With TLS; else plain, for the same machine only."""
    contexts: ContextsSection = Field(default_factory=ContextsSection)
    """The contexts of its dialplan."""
    fence: FenceSection | None = None
    """Where there is a standby: the account that ends the former daemon's session."""


class FreeSwitchSection(SwitchSection):
    """A FreeSWITCH, over its event socket. Of several daemons the one that got the lease last commands it."""

    port: Port = 8021
    """The port of it."""
    trunks: dict[
        SwitchReference,
        Annotated[Text, AfterValidator(matching(r"gateway/[A-Za-z0-9_.-]{1,60}", "a trunk as gateway/to-a"))],
    ] = Field(default_factory=dict)
    """Another switch to the trunk by which its phones are reached."""
    username: Annotated[
        Text, AfterValidator(matching(r"([A-Za-z0-9_.-]{1,80}@[A-Za-z0-9.-]{1,80})?", "an account as ccd@example.org"))
    ] = ""
    """The account of its directory; empty for the event socket's own password, which has all rights."""
    domain: Annotated[Text, AfterValidator(matching(r"[A-Za-z0-9.-]{0,80}", "a domain"))] = ""
    """The phones' domain: `user/1001` is 1001 of this one. Empty: whatever domain a phone is registered at."""


def kind_of(value: Any) -> str:
    """What a switch is checked as; what names no kind that there is, as the commoner one."""
    return "<freeswitch>" if isinstance(value, dict) and value.get("kind") == "freeswitch" else "<asterisk>"


AnySwitch = Annotated[
    Annotated[AsteriskSection, Tag("<asterisk>")] | Annotated[FreeSwitchSection, Tag("<freeswitch>")],
    Discriminator(kind_of),
]


class RedisSection(SecretSource):
    """Redis, which keeps the records."""

    url: Annotated[Text, AfterValidator(matching(r"(rediss?|unix)://[^@\s]{1,300}", "as redis://127.0.0.1:6379/0"))] = (
        "redis://127.0.0.1:6379/0"
    )
    """Where it is; without a password."""
    journal_entries: Annotated[WholeNumber, between(0, 10_000_000)] = 20_000
    """So many of the journal's last entries are copied there, and the newest snapshot; 0 for none."""


class StandbySection(Documented):
    """Several daemons on one switch: the one with the lease in Redis works, the others wait for it."""

    lease: Annotated[Duration, between(500 * MILLISECOND, 60 * SECOND, written)] = 1500 * MILLISECOND
    """How long the working daemon may be silent before another one takes over."""


class TokenSection(Documented):
    """Who may use the HTTP API."""

    name: Annotated[Text, AfterValidator(matching(r"[a-z0-9][a-z0-9-]{0,62}", "up to 63 of a-z, 0-9 and -"))]
    """The token's name."""
    role: Role
    """What it may do."""
    hash: Annotated[Text, AfterValidator(matching(r"sha256:[0-9a-f]{64}", "a hash as `ccd token` prints it"))]
    """The token, hashed."""
    agent: Annotated[Text, AfterValidator(of_kind("agent"))] | None = None
    """Whose token it is, with role `agent`."""

    @model_validator(mode="after")
    def is_bound(self) -> "TokenSection":
        """A token of an agent belongs to one."""
        if (self.role == "agent") != (self.agent is not None):
            raise problem("a token of role `agent`, and no other, has `agent`")
        return self


def address(value: str) -> str:
    """`host:port`."""
    host, colon, port = value.rpartition(":")
    if not (host and colon and port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65_536):
        raise problem(f"{shown(value)} is no address" + expectation("as 127.0.0.1:8080"))
    return value


class HttpSection(Documented):
    """The HTTP API."""

    listen: Annotated[Text, AfterValidator(address)] = "127.0.0.1:8080"
    """Address and port."""
    certificate: Folder | None = None
    """With TLS: the certificate's file."""
    key: Folder | None = None
    """With TLS: the key's file."""
    tokens: list[TokenSection] = Field(default_factory=list)
    """Who may use it."""


class FoldersSection(Documented):
    """Where things are kept; a path that is not absolute counts from the folder of this file."""

    flows: Folder = "flows"
    """The flows: every `.yaml` in it."""
    journal: Folder = "/var/lib/ccd/journal"
    """The journal."""
    state: Folder = "/var/lib/ccd/state"
    """What survives a restart besides."""
    recordings: Folder = "/var/lib/ccd/recordings"
    """Recordings and messages, as ccd sees them."""
    speech: Folder = "/var/lib/ccd/speech"
    """Rendered speech; the switch must be able to read it."""
    sounds: list[Folder] = Field(default_factory=list)
    """The switch's own sounds; `ccd check` looks there for those that a flow names."""


class RouteSection(Documented):
    """What a number leads to."""

    flow: FlowReference
    """The flow."""
    variables: dict[VariableName, Scalar] = Field(default_factory=dict)
    """Variables that the flow starts with."""


Route = Annotated[RouteSection, BeforeValidator(lambda value: {"flow": value} if isinstance(value, str) else value)]
"""A flow's name, or a mapping with variables."""


class QuotaSection(Documented):
    """How much room recordings may take."""

    size: Size = 50 * 10**9
    """All together."""
    warn_at: Fraction = 0.8
    """From this part on there is an alarm."""


class SiteRecordingSection(RecordingSection):
    """What is recorded where a queue says nothing else."""

    quota: QuotaSection = Field(default_factory=QuotaSection)
    """How much room it may take."""


class ShadowSection(Documented):
    """Another policy that looks on: it says what it would decide, and decides nothing."""

    policy: Folder
    """Its file, a whole `ccd.yaml`; its queues and agents count."""


class LimitsSection(Documented):
    """Bounds; beyond them calls are left to the dialplan's fallback."""

    calls: Annotated[WholeNumber, between(1, 100_000)] = 2_000
    """Calls at a time."""
    journal_days: Annotated[WholeNumber, between(2, 36_500)] = 30
    """How long the journal is kept."""


class Settings(Documented):
    """The whole of `ccd.yaml`."""

    site: SiteSection = Field(default_factory=SiteSection)
    """What holds for the whole centre."""
    switches: dict[Annotated[Identifier, AfterValidator(matching("[A-Za-z0-9_-]+", "a name"))], AnySwitch] = Field(
        min_length=1
    )
    """Name to switch. Phones of the first one have no switch's name in front."""
    redis: RedisSection = Field(default_factory=RedisSection)
    """Redis, which keeps the records."""
    standby: StandbySection | None = None
    """A second daemon that takes over; without it there is one, and no lease."""
    http: HttpSection = Field(default_factory=HttpSection)
    """The HTTP API."""
    folders: FoldersSection = Field(default_factory=FoldersSection)
    """Where things are kept."""
    numbers: dict[Dialled, Route] = Field(default_factory=dict)
    """Inbound number, as the trunk delivers it, to flow."""
    default_route: Route | None = None
    """What every other number leads to; without it such calls are left to the dialplan."""
    queues: dict[Identifier, QueueSection] = Field(default_factory=dict)
    """Id to queue."""
    agents: dict[Identifier, AgentSection] = Field(default_factory=dict)
    """Id to agent."""
    dial_policy: DialPolicySection = Field(default_factory=DialPolicySection)
    """Which numbers may be dialled."""
    calendars: dict[Identifier, CalendarSection] = Field(default_factory=dict)
    """Name to opening hours."""
    campaigns: dict[Identifier, CampaignSection] = Field(default_factory=dict)
    """Id to campaign."""
    calling_hours: dict[Identifier, CallingHoursSection] = Field(default_factory=dict)
    """Name to when numbers may be called, in their own local time."""
    do_not_call: list[Identifier] = Field(default_factory=lambda: [GLOBAL])
    """The do-not-call lists; `global` is one in any case."""
    trunk_limits: dict[Trunk, TrunkLimitSection] = Field(default_factory=dict)
    """Trunk to what it carries of calls that campaigns dial."""
    recording: SiteRecordingSection = Field(default_factory=SiteRecordingSection)
    """What is recorded where a queue says nothing else."""
    speech: SpeechSection = Field(default_factory=SpeechSection)
    """How texts are spoken."""
    feature_codes: FeatureCodesSection = Field(default_factory=FeatureCodesSection)
    """What agents dial or press."""
    phone_prompts: PhonePromptsSection = Field(default_factory=PhonePromptsSection)
    """What the feature codes say."""
    limits: LimitsSection = Field(default_factory=LimitsSection)
    """Bounds."""
    shadow: ShadowSection | None = None
    """Another policy that looks on."""


ADAPTER: TypeAdapter[Settings] = TypeAdapter(Settings)
