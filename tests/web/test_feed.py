"""Viewers' buffers."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from ccd.model.fact import RecordingDeclined
from ccd.model.ids import CallId
from ccd.web.feed import Feed, Update


def fact(number: int) -> RecordingDeclined:
    return RecordingDeclined(CallId(str(number)), "opt-out")


async def test_what_happened_before_is_not_seen_and_what_happens_after_is() -> None:
    feed = Feed()
    feed.note(1, fact(1))
    viewer = feed.subscribe()
    assert viewer is not None
    feed.note(2, fact(2))
    feed.note(3, fact(3))
    update = await viewer.next(0.0)
    assert [(noted.at, noted.fact) for noted in update.noted] == [(2, fact(2)), (3, fact(3))]
    assert await viewer.next(0.0) == Update(())


async def test_waiting_ends_with_the_next_fact() -> None:
    feed = Feed()
    viewer = feed.subscribe()
    assert viewer is not None
    waiting = asyncio.create_task(viewer.next(60.0))
    await asyncio.sleep(0)
    feed.note(1, fact(1))
    assert len((await waiting).noted) == 1


async def test_closing_wakes_everybody_and_lets_nobody_in() -> None:
    feed = Feed()
    viewer = feed.subscribe()
    assert viewer is not None
    waiting = asyncio.create_task(viewer.next(60.0))
    await asyncio.sleep(0)
    feed.close()
    assert await waiting == Update(())
    assert feed.subscribe() is None


@given(st.lists(st.integers(0, 9), max_size=20), st.integers(1, 5))
def test_every_fact_is_shown_or_counted_in_order_and_within_the_bound(bursts: list[int], backlog: int) -> None:
    async def watch() -> None:
        feed = Feed(backlog)
        viewer = feed.subscribe()
        assert viewer is not None
        made = shown = skipped = 0
        for burst in bursts:
            for _ in range(burst):
                feed.note(made, fact(made))
                made += 1
            update = await viewer.next(0.0)
            moments = [noted.at for noted in update.noted]
            assert len(moments) <= backlog
            assert moments == list(range(made - len(moments), made))
            shown, skipped = shown + len(moments), skipped + update.skipped
        assert shown + skipped == made

    asyncio.run(watch())


def test_a_place_comes_free_when_its_viewer_leaves_also_twice() -> None:
    feed = Feed(most_viewers=1)
    viewer = feed.subscribe()
    assert viewer is not None
    assert feed.subscribe() is None
    with viewer:
        pass
    feed.leave(viewer)
    assert feed.has_room
    assert feed.viewers == 0
