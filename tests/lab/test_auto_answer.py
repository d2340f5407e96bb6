"""Which headers tell a phone to answer by itself."""

import pytest

from ccd.core.acd.offer import AUTO_ANSWER
from ccd.lab.auto_answer import ALERT_INFO, CALL_INFO, is_asked


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Call-Info", "<sip:ccd>;answer-after=0"),
        ("call-info", "<sip:a@b> ; purpose=info; Answer-After = 0"),
        ("Alert-Info", "info=alert-autoanswer"),
        ("ALERT-INFO", "<http://a>;info=alert-autoanswer;delay=0"),
    ],
)
def test_asked(header: str, value: str) -> None:
    assert is_asked([("X-Other", "1"), (header, value)])


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Call-Info", "<sip:ccd>"),
        ("Call-Info", "<sip:ccd>;answer-after=5"),
        ("Call-Info", "<sip:ccd>;answer-after=05"),
        ("Call-Info", "sip:ccd ;answer-after=0"),
        ("Alert-Info", "info=alert-autoanswering"),
        ("Alert-Info", "<sip:ccd>;answer-after=0"),
        ("X-Call-Info", "<sip:ccd>;answer-after=0"),
    ],
)
def test_not_asked(header: str, value: str) -> None:
    assert not is_asked([(header, value)])


def test_each_header_of_ours_asks_by_itself() -> None:
    call_info, alert_info = AUTO_ANSWER
    for header, name, other in ((call_info, CALL_INFO, ALERT_INFO), (alert_info, ALERT_INFO, CALL_INFO)):
        assert is_asked([header], (name,))
        assert not is_asked([header], (other,))
