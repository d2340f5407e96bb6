"""Downloads: whole, in ranges, and never anything but a recording."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.centre import SmallCentre
from tests.web.conftest import Asking

WHOLE = bytes(range(200)) * 500


async def test_the_whole_file(asking: Asking) -> None:
    answer = await asking("sofia").get("/v1/recordings/rec-1")
    assert (answer.status_code, answer.content) == (200, WHOLE)
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-disposition"] == 'attachment; filename="rec-1.wav"'
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("0-9", 0, 9),
        ("500-", 500, 99_999),
        ("-10", 99_990, 99_999),
        ("99999-200000", 99_999, 99_999),
        ("-999999", 0, 99_999),
    ],
)
async def test_a_range(asking: Asking, asked: str, first: int, last: int) -> None:
    answer = await asking("sofia").get("/v1/recordings/rec-1", headers={"Range": f"bytes={asked}"})
    assert (answer.status_code, answer.content) == (206, WHOLE[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/100000"


@pytest.mark.parametrize(("name", "asked"), [("rec-1", "100000-"), ("rec-1", "-0"), ("empty", "0-"), ("empty", "-1")])
async def test_a_range_beyond_the_file(asking: Asking, name: str, asked: str) -> None:
    answer = await asking("sofia").get(f"/v1/recordings/{name}", headers={"Range": f"bytes={asked}"})
    assert answer.status_code == 416
    assert answer.headers["content-range"].startswith("bytes */")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=9-1", "bytes=-", "lines=1-2", "bytes=1_0-20", "bytes=x", ""])
async def test_a_range_that_is_none_gets_the_whole(asking: Asking, asked: str) -> None:
    answer = await asking("sofia").get("/v1/recordings/rec-1", headers={"Range": asked})
    assert (answer.status_code, len(answer.content)) == (200, len(WHOLE))


async def test_a_range_of_an_older_file_gets_the_whole(asking: Asking) -> None:
    headers = {"Range": "bytes=0-9", "If-Range": '"older"'}
    assert (await asking("sofia").get("/v1/recordings/rec-1", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e", ".hidden", "rec-1%00", "a%5cb", "%2fetc%2fpasswd"]
)
async def test_no_path_comes_from_outside(asking: Asking, path: str) -> None:
    assert (await asking("sofia").get(f"/v1/recordings/{path}")).status_code in (404, 422)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    asked=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
    | st.from_regex(r"\Abytes=[0-9]{0,16}-[0-9]{0,16}\Z")
)
async def test_any_range_header_gets_bytes_of_the_file(asking: Asking, asked: str) -> None:
    answer = await asking("sofia").get("/v1/recordings/rec-1", headers={"Range": asked})
    assert answer.status_code in (200, 206, 416)
    if answer.status_code != 416:
        assert answer.content in WHOLE


async def test_a_file_that_vanishes_is_unknown(asking: Asking, centre: SmallCentre) -> None:
    (centre.folder / "rec-1.wav").unlink()
    assert (await asking("sofia").get("/v1/recordings/rec-1")).status_code == 404
