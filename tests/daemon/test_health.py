"""The figures behind the health, as Prometheus gets them."""

import re
from pathlib import Path

from ccd.daemon.clock import Clock
from ccd.daemon.folds import Folds
from ccd.daemon.health import HealthWatch
from ccd.daemon.journal import Began, Journal
from ccd.io.record_write import ChangeCaller
from ccd.io.recordings import Recordings
from ccd.io.records import Records
from ccd.model.ids import CallerId
from ccd.simulation.ledger import Ledger
from ccd.web.feed import Feed
from ccd.web.metrics import GAUGES, LABELS, Metrics
from tests.core.centre import configuration
from tests.web.centre import SmallCentre


async def test_every_gauge_is_read_from_who_knows_it(tmp_path: Path) -> None:
    records = Records("redis://127.0.0.1:1/0", tmp_path / "backlog")
    recordings = Recordings(tmp_path / "recordings", quota=5_000)
    await recordings.start()
    metrics = Metrics()
    journal = Journal(tmp_path / "journal", Began(0, 0, "", "", 0, "", ""))
    made = configuration({}, (), ())
    folds = Folds(Ledger({made.hash: made}, made.hash, 7), records, metrics, Feed(), lambda cdr: None)
    trouble: list[str] = []
    watch = HealthWatch(
        Clock(), {}, records, recordings, journal, folds, lambda: "".join(trouble), lambda: 0, lambda: 0
    )
    watch.tell(metrics)
    records.keep(ChangeCaller(CallerId("x"), {"tier": "gold"}))
    text = await metrics.exposed(SmallCentre(tmp_path).view())
    said = {name: float(value) for name, value in re.findall(r"^(ccd_\w+) (\S+)$", text, re.MULTILINE)}
    others = {"ccd_journal_copy_dropped", "ccd_contacts_backlog", *LABELS}  # the stream's and the campaigns'
    assert said.keys() >= GAUGES.keys() - others
    assert said["ccd_tasks"] >= 1
    assert said["ccd_records_backlog"] == 1
    assert said["ccd_records_backlog_bytes"] > 20
    assert (said["ccd_recordings_bytes"], said["ccd_recordings_quota_bytes"]) == (0, 5_000)
    assert said["ccd_recordings_free_bytes"] > 0
    ready = watch().ready
    trouble.append("the disk is full")
    assert [(part.ok, part.required, part.detail) for part in watch().parts if part.name == "contacts"] == [
        (False, False, "the disk is full")
    ]
    assert watch().ready == ready, "calls are taken all the same"
    await recordings.close()
