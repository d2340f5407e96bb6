"""AGI texts and results."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccd.model.ids import SECOND
from ccd.switch.asterisk.agi import (
    Environment,
    Result,
    UnsafeText,
    music_on,
    parse_environment,
    parse_result,
    record_file,
    stream_file,
)


def test_texts() -> None:
    assert stream_file("/var/sounds/hello-1.en", True) == 'STREAM FILE /var/sounds/hello-1.en "0123456789*#ABCD"'
    assert stream_file("beep", False) == 'STREAM FILE beep ""'
    assert music_on("jazz") == "SET MUSIC ON jazz"
    told = 'RECORD FILE /r/m1 wav "0123456789*#ABCD" 60000'
    assert record_file("/r/m1", 60 * SECOND, 3 * SECOND, beep=True) == f"{told} BEEP s=3"
    assert record_file("/r/m1", 60 * SECOND, 3 * SECOND, beep=False) == f"{told} s=3"


@given(st.text(max_size=20))
def test_a_sound_is_one_word_without_quotes_or_is_refused(name: str) -> None:
    try:
        text = stream_file(name, False)
    except UnsafeText:
        return
    assert text == f'STREAM FILE {name} ""'
    assert not set(name) & set(" \"'\\\r\n\t,;$|&<>()")
    assert ".." not in name.split("/")


def test_folders_may_be_hidden_ones_but_lead_nowhere_else() -> None:
    assert stream_file("/home/me/.cache/speech/x", False) == 'STREAM FILE /home/me/.cache/speech/x ""'
    for name in ("/r/../x", "../x", "./x", "/r/.", "..", "/r//x", "/r/x/"):
        with pytest.raises(UnsafeText):
            stream_file(name, False)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("200 result=0\n", Result(0)),
        ("200 result=50 endpos=8800\n", Result(50, "", 1_100_000)),
        ("200 result=0 (timeout) endpos=16000\n", Result(0, "timeout", 2 * SECOND)),
        ("200 result=-1 endpos=0\n", Result(-1)),
        ("510 Invalid or unknown command\n", Result(-1)),
        ("", Result(-1)),
    ],
)
def test_results(text: str, result: Result) -> None:
    assert parse_result(quote(text)) == result


def test_the_last_of_a_name_counts() -> None:
    text = "agi_calleridname: x\nagi_arg_1: agent\nagi_arg_1: caller\nagi_arg_2: 49\n\n"
    assert parse_environment(quote(text)) == Environment("caller", "49")


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    parse_environment(text)
    parse_result(text)
