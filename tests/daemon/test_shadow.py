"""The shadow policy in the daemon: read beside the real one, counted, away at its first fault."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ccd.config.load import load
from ccd.core.acd.reason import Reasons
from ccd.core.acd.shadow import Shadow
from ccd.daemon.shadow import ShadowWatch
from ccd.model.cdr import ShadowRemark
from ccd.model.fact import OfferMade
from tests.core.acd.test_shadow import site
from tests.core.centre import Centre

ROOT = Path(__file__).parents[2]


def centre(watch: ShadowWatch) -> Centre:
    """Bert takes a call that the shadow would give to nobody."""
    made = Centre(site())
    watch.take(site(least=3), Reasons(), made.engine.floor)
    for outcome in (made.log_in("bert"), made.arrive("sales", "1.1")):
        watch(outcome.facts, made.now)
    return made


def test_verdicts_are_counted_and_those_that_differ_are_told() -> None:
    counted: list[tuple[str, str]] = []
    remarks: list[tuple[str, str, ShadowRemark]] = []
    with capture_logs() as logs:
        made = centre(
            ShadowWatch(
                lambda queue, result: counted.append((queue, result)),
                lambda call, offer, remark: remarks.append((call, offer, remark)),
                lambda: pytest.fail("failed"),
            )
        )
    assert counted == [("sales", "nobody")]
    (offer,) = made.of(OfferMade)
    assert remarks == [(offer.call, offer.offer, ShadowRemark("nobody"))]
    assert [(entry["event"], entry["agent"], entry["would"]) for entry in logs] == [
        ("the shadow policy differs", "bert", "")
    ]


def test_a_fault_ends_it_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Shadow, "apply", fail)
    counted: list[str] = []
    watch = ShadowWatch(
        lambda queue, result: counted.append(result),
        lambda call, offer, remark: pytest.fail("remarked"),
        lambda: counted.append("fault"),
    )
    with capture_logs() as logs:
        centre(watch)
    assert [entry["event"] for entry in logs] == ["the shadow policy failed, and looks on no more"]
    assert counted == ["fault"]


def test_without_one_nothing_is_said() -> None:
    watch = ShadowWatch(
        lambda queue, result: pytest.fail("counted"),
        lambda call, offer, remark: pytest.fail("remarked"),
        lambda: pytest.fail("failed"),
    )
    made = Centre(site())
    watch(made.log_in("bert").facts, made.now)
    watch.take(None, Reasons(), made.engine.floor)
    watch(made.arrive("sales", "1.1").facts, made.now)


def example(folder: Path, shadow: str) -> Path:
    """The example's configuration with this shadow."""
    text = (ROOT / "config" / "ccd.yaml").read_text().replace("../dialplans/flows", str(ROOT / "dialplans/flows"))
    (folder / "other.yaml").write_text(text + f"\nshadow: {{policy: {folder}/ccd.yaml}}\n")
    (folder / "bad.yaml").write_text(text.replace("queues:\n", "queues:\n  broken: {ring_time: soon}\n", 1))
    place = folder / "ccd.yaml"
    place.write_text(f"{text}\nshadow: {{policy: {shadow}}}\n")
    return place


def test_its_file_is_read_beside_the_real_one(tmp_path: Path) -> None:
    loaded = load(example(tmp_path, "other.yaml"), 0, lambda text, language: "speech")
    assert loaded.shadow is not None
    assert loaded.shadow.queues.keys() == loaded.configuration.queues.keys()


@pytest.mark.parametrize(
    ("file", "said"), [("bad.yaml", "`soon` is no length of time"), ("none.yaml", "No such file or directory")]
)
def test_its_mistakes_are_warnings(tmp_path: Path, file: str, said: str) -> None:
    loaded = load(example(tmp_path, file), 0, lambda text, language: "speech")
    assert loaded.shadow is None
    (told,) = [problem for problem in loaded.warnings if file in str(problem)]
    assert said in str(told)
    assert told.severity == "warning"
