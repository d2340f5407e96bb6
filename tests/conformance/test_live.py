"""Every scenario on a real switch gives the same transcript."""

import os

import pytest

from ccd.lab import packages
from tests.conformance.__main__ import PREFIX, Report, run
from tests.conformance.scenario import read_all
from tests.conformance.switch import ASTERISK, FREESWITCH

pytestmark = [pytest.mark.live, pytest.mark.timeout(400)]


async def test_asterisk() -> None:
    packages.get()
    report = Report(ASTERISK, records=False)
    await run(ASTERISK, read_all(), report.told)
    assert report.failures == 0


@pytest.mark.skipif(not os.environ.get(PREFIX), reason=f"no FreeSWITCH: {PREFIX} is not set")
async def test_freeswitch() -> None:
    report = Report(FREESWITCH, records=False)
    await run(FREESWITCH, read_all(), report.told)
    assert report.failures == 0
