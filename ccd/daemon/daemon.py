"""The composition root: every room put together, started in order, and ended in the reverse of it."""

import asyncio
import gc
import signal
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import phonenumbers
import structlog
import tzdata

from ccd.config.campaign import GLOBAL
from ccd.config.load import Loaded
from ccd.config.problem import ConfigurationErrors
from ccd.config.settings import HttpSection, Settings
from ccd.daemon import archive, configurations, site
from ccd.daemon.absence import Absence
from ccd.daemon.alarm import Alarm
from ccd.daemon.answers import Answers
from ccd.daemon.beginning import Beginning, begin
from ccd.daemon.campaign_centre import Place
from ccd.daemon.campaigns import Campaigns
from ccd.daemon.centre import RunningCentre
from ccd.daemon.clock import Clock
from ccd.daemon.copy import run_of
from ccd.daemon.filing import Filing
from ccd.daemon.folds import Folds
from ccd.daemon.health import HealthWatch
from ccd.daemon.intake import Intake
from ccd.daemon.journal import Began, Journal
from ccd.daemon.keeper import Keeper
from ccd.daemon.lease import Lease
from ccd.daemon.line import Line, Lines
from ccd.daemon.pump import Pump
from ccd.daemon.resumption import Resumption
from ccd.daemon.shadow import ShadowWatch
from ccd.daemon.vault import Vault
from ccd.io import numbering
from ccd.io.backlog import own_file
from ccd.io.journal_stream import JournalCopy, JournalStream, own_key
from ccd.io.notify import Notify
from ccd.io.recordings import Recordings
from ccd.io.records import Records
from ccd.io.speech import Speech
from ccd.model.command import Reply, UpdateCaller
from ccd.model.event import ConfigurationLoaded
from ccd.model.ids import SECOND, Length, Moment, SwitchName
from ccd.web.feed import Feed
from ccd.web.metrics import GAUGES, Metrics
from ccd.web.port import Port
from ccd.web.token import Tokens

if TYPE_CHECKING:
    from ccd.web.server import WebServer

VERSION = version("ccd")
BEAT = 1.0
PRUNE_EVERY = 3_600.0
DAY: Length = 86_400 * SECOND
CALENDARS_LAST: Length = 300 * DAY
"""Opening hours are compiled for some 400 days; a daemon that runs so long reads its files again."""
log = structlog.get_logger()


class Daemon:
    """One running daemon, made of a valid configuration; `run` lives until SIGTERM or SIGINT."""

    def __init__(self, path: Path, loaded: Loaded, speech: Speech, lease: Lease | None = None) -> None:
        """`lease` where another daemon may take over."""
        settings, base = loaded.settings, loaded.base
        folders = settings.folders
        self._path = path
        self._lease = lease
        self._may_write = lease.is_sure if lease else lambda: True
        self._place = place_of(settings)
        self._texts = loaded.texts
        self._begun = begun_with(loaded)
        self._clock = Clock(self._begun.last)
        self._ledger = self._begun.ledger
        self._notify = Notify()
        self._vault = Vault()
        self._metrics = Metrics()
        self._ledger.alarm = self._alarm = Alarm(self._metrics)
        self._tokens = Tokens(site.tokens_of(settings))
        self._speech = speech
        self._records = Records(site.redis_url(settings, base), own_file(base / folders.state))
        quota = settings.recording.quota
        self._recordings = Recordings((base / folders.recordings).resolve(), quota.size, warn_at=quota.warn_at)
        self._configurations = self._begun.configurations
        self._engine = self._ledger.engine
        head = Began(
            self._clock.now(),
            self._begun.sequence,
            VERSION,
            self._engine.floor.configuration.hash,
            self._begun.seed,
            tzdata.IANA_VERSION,
            phonenumbers.__version__,
            is_first=self._begun.recovered is None,
        )
        self._journal = Journal(base / folders.journal, head)
        self._stream = self._make_stream(loaded)
        self._filing = Filing(self._recordings, self._records, lambda call: call in self._engine.floor.calls)
        self._feed = Feed()
        self._folds = Folds(self._ledger, self._records, self._metrics, self._feed, self._filing)
        self._campaigns = Campaigns(
            base / folders.state,
            self._journal,
            self._stream,
            self._clock,
            self._engine.floor,
            lambda: self._pump,
            self._metrics,
            self._may_write,
            lambda: self._place,
        )
        self._shadow = ShadowWatch(self._metrics.shadow_decided, self._ledger.cdrs.remark, self._metrics.shadow_failed)
        self._answers = Answers(
            self._clock,
            self._records,
            self._vault,
            speech,
            self._normalise,
            self._campaigns.desk,
            lambda event: self._pump.feed(event),
        )
        lines: dict[SwitchName, Line] = {}
        self._health = HealthWatch(
            self._clock,
            lines,
            self._records,
            self._recordings,
            self._journal,
            self._folds,
            lambda: self._campaigns.failure,
            lambda: self._pump.faults,
            lambda: self._alarm.count,
        )
        self._health.tell(self._metrics)
        self._journal.on_lost, self._journal.on_gap = self._metrics.journal_lost, self._metrics.journal_gap
        absence = Absence(self._ledger.standings, self._recordings.sound, self._clock.now)
        self._intake = Intake(self._engine, self._vault, absence, self._normalise)
        self._pump = Pump(
            self._engine,
            self._journal,
            self._clock,
            prepare=self._intake,
            ask=self._answers,
            reply=self._reply,
            update_caller=self._update_caller,
            block=self._campaigns.desk.block,
            barrier=self._campaigns.barrier,
            watchers=(self._folds, self._shadow, self._campaigns.follower, self._campaigns.centre),
            follow=self._ledger.follow,
            may_write=self._may_write,
            noted=self._health.noted,
            handled=self._metrics.observe_handle,
        )
        self._centre = RunningCentre(
            self._pump,
            self._clock,
            self._folds,
            self._records,
            self._recordings,
            self._feed,
            self._campaigns.centre,
            version=VERSION,
            health=self._health,
            switches=self._health.switches,
            reload=self.reload,
        )
        self._port = self._make_port(loaded)
        self._http, self._base = loaded.settings.http, base
        self._web: WebServer | None = None
        self._lines = Lines(lines, self._pump, self._recordings.last_written, lease.epoch if lease is not None else 0)
        self._lines.add(self._lines.missing(loaded))
        self._keeper = Keeper(
            self._ledger,
            self._journal,
            lambda: self._may_write() and self._pump.settle(),
            self._stream.keep if self._stream else lambda sequence, code, payload: None,
            self._clock.now,
            self._heard_of(),
        )
        self._resumption = Resumption(
            self._begun,
            self._pump,
            lines,
            self._answers,
            self._folds,
            self._records,
            self._campaigns.desk,
            done=self._metrics.recovered,
        )
        if lease is not None:
            lease.renewed = self._pump.turn
        self._stopping = asyncio.Event()
        self._reloading = asyncio.Lock()
        self._take(loaded)

    def _heard_of(self) -> Moment | None:
        """When the daemon before was heard of; as if long ago where a replay cannot begin with the journal's own."""
        recovered = self._begun.recovered
        if recovered is None:
            return None
        return 0 if recovered.is_torn else self._begun.last

    def _make_stream(self, loaded: Loaded) -> JournalStream | None:
        settings, base = loaded.settings, loaded.base
        if not settings.redis.journal_entries:
            return None
        key = own_key(base / settings.folders.state)
        run = run_of(self._begun.seed)
        stream = JournalStream(site.redis_url(settings, base), run, key, settings.redis.journal_entries)
        self._journal.copied = stream.put
        dropped = "ccd_journal_copy_dropped"
        self._metrics.watch(dropped, GAUGES[dropped], lambda: stream.dropped)
        return stream

    def _make_port(self, loaded: Loaded) -> Port:
        host, _, port = loaded.settings.http.listen.rpartition(":")
        return Port(host.strip("[]"), int(port), secure=loaded.settings.http.certificate is not None)

    def _make_web(self, http: HttpSection, base: Path) -> "WebServer":
        """A third of what a daemon loads: only when those who wait are served again."""
        from ccd.web.app import create_app
        from ccd.web.server import WebServer

        certificate = base / http.certificate if http.certificate else None
        app = create_app(self._centre, self._tokens, self._metrics)
        return WebServer(app, self._port, certificate, base / http.key if http.key else None)

    # --- life

    async def run(self) -> None:
        """Start, live, stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: loop.create_task(self.reload()))
        await self._recordings.start()
        await self._render(self._texts)
        await self._records.start()
        if self._stream is not None:
            self._stream.start()
        self._campaigns.start()
        if self._lease is None:
            self._port.bind()
        self._pump.start()
        self._keeper.begin_day()
        self._resumption.begin(self._loaded_hash)
        if self._begun.recovered is None:  # else the one that was recovered from holds until the first beat
            self._keeper.take()
        self._lines.open(self._lines.by_name.values())
        async with asyncio.TaskGroup() as group:
            resumed = group.create_task(self._resumption.finish(), name="resumption")
            group.create_task(self._serve_web(resumed), name="web")
            tending = [
                resumed,
                group.create_task(self._beat(), name="beat"),
                group.create_task(self._prune_journal(), name="prune"),
                group.create_task(self._filing.sweep_now_and_then(), name="sweep"),
                group.create_task(self._campaigns.desk.watch(), name="contacts"),
            ]
            quiet_garbage()
            self._notify.ready()
            log.info("ready", version=VERSION, site=self._engine.floor.configuration.site.name)
            await self._stopping.wait()
            for task in tending:
                task.cancel()
            await self._stop()

    async def _serve_web(self, resumed: asyncio.Task[None]) -> None:
        """Calls do not wait for it: not for the port, should a former daemon that is frozen hold it still, nor until
        all is loaded.
        """
        await asyncio.wait([resumed])
        self._web = await asyncio.to_thread(self._make_web, self._http, self._base)
        while not (self._port.is_bound or self._stopping.is_set()):
            try:
                self._port.bind()
            except OSError as error:
                log.error("the API's port is not free", error=str(error))
                await asyncio.sleep(BEAT)
        if not self._stopping.is_set():
            log.info("listens", url=self._port.url)
            await self._web.serve()

    async def _stop(self) -> None:
        """Gently: calls are left to the switch as they are, for the daemon that comes after this one."""
        self._notify.stopping()
        log.info("stopping", calls=len(self._engine.floor.calls))
        self._feed.close()
        if self._web is not None:
            self._web.stop()
        await self._lines.close()
        self._pump.stop()
        await self._answers.close()
        await self._campaigns.close()
        await self._filing.close()
        await self._recordings.close()
        await self._records.close()
        self._journal.close(self._clock.now())
        await self._keeper.close()
        if self._stream is not None:
            await self._stream.close()

    async def _beat(self) -> None:
        """Once a second: the watchdog, the state line, how late the loop was, forgotten closed hours."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + BEAT
            await asyncio.sleep(BEAT)
            self._metrics.observe_lag(loop.time() - due)
            self._notify.alive()
            self._keeper.beat()
            floor = self._engine.floor
            self._notify.status(f"{len(floor.calls)} calls, {sum(floor.staffed.values())} agent seats staffed")
            if self._clock.now() - self._loaded_at > CALENDARS_LAST:
                await self.reload()

    async def _prune_journal(self) -> None:
        """Once an hour: days that are over are archived, and what is older than the site wants it goes."""
        while True:
            now, goes_on = self._clock.now(), lambda: not self._stopping.is_set()
            await asyncio.to_thread(archive.tidy, self._journal.folder, now, now - self._journal_time, goes_on)
            await asyncio.sleep(PRUNE_EVERY)

    # --- configuration

    async def reload(self) -> Sequence[str]:
        """Read the files again. With mistakes in them nothing changes; they are returned."""
        async with self._reloading:
            self._notify.reloading()
            try:
                return await self._reload()
            finally:
                self._notify.ready()

    async def _reload(self) -> Sequence[str]:
        try:
            loaded, speech = await asyncio.to_thread(site.read_site, self._path, self._clock.now())
            added = self._lines.missing(loaded)
        except ConfigurationErrors as error:
            return refused([str(problem) for problem in error.problems])
        self._speech.take_voices(speech)
        await self._render(loaded.texts)
        if reasons := self._lines.forbidden(loaded):
            return refused(reasons)
        self._lines.remove_others(loaded)
        self._configurations[loaded.configuration.hash] = loaded.configuration
        self._take(loaded)
        self._pump.feed(ConfigurationLoaded(loaded.configuration.hash))
        self._lines.add(added)
        self._lines.open(added)
        return []

    def _take(self, loaded: Loaded) -> None:
        """What of a configuration is not the engine's."""
        self._loaded_at = self._clock.now()
        self._loaded_hash = loaded.configuration.hash
        self._journal_time = loaded.settings.limits.journal_days * DAY
        configurations.keep(loaded.base / loaded.settings.folders.journal, loaded.configuration)
        self._place = place_of(loaded.settings)
        self._tokens.replace(site.tokens_of(loaded.settings))
        self._answers.pins = loaded.pins
        self._campaigns.desk.take(loaded.contact_rules)
        self._shadow.take(loaded.shadow, self._ledger.reasons, self._engine.floor)
        for problem in loaded.warnings:
            log.warning("configuration", problem=str(problem))

    async def _render(self, texts: Sequence[tuple[str, str]]) -> None:
        """All texts known beforehand; one that cannot be spoken is told, and its prompt is silent."""
        failed = await self._speech.render_all(texts, self._tell_progress)
        for (text, language), reason in failed.items():
            log.error("text not rendered", text=text[:80], language=language, reason=reason)

    def _tell_progress(self, done: int, of: int) -> None:
        self._notify.status(f"rendering speech, {done} of {of}")

    # --- the pump's other ends

    def _normalise(self, text: str) -> str:
        return numbering.normalise(text, self._place.region)

    def _reply(self, reply: Reply) -> None:
        self._centre.reply(reply)

    def _update_caller(self, command: UpdateCaller) -> None:
        self._records.update_caller(command.caller, command.fields)


def place_of(settings: Settings) -> Place:
    """How the site writes numbers and counts days, and its do-not-call lists."""
    return Place(settings.site.region, settings.site.time_zone, tuple(dict.fromkeys((*settings.do_not_call, GLOBAL))))


def begun_with(loaded: Loaded) -> Beginning:
    """What a former daemon left on the disk and in Redis."""
    settings, base = loaded.settings, loaded.base
    journal = base / settings.folders.journal
    if not settings.redis.journal_entries:
        return begin(journal, loaded.configuration, Clock().now())
    copy = JournalCopy(site.redis_url(settings, base), own_key(base / settings.folders.state))
    try:
        return begin(journal, loaded.configuration, Clock().now(), copy)
    finally:
        copy.close()


def refused(problems: list[str]) -> list[str]:
    """A configuration that is not taken."""
    log.error("configuration refused, the old one stays", problems=problems)
    return problems


def quiet_garbage() -> None:
    """What is loaded stays; full collections, which take tens of milliseconds, become rare."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
