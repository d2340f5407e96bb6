"""Speech by the real flite."""

from pathlib import Path

import pytest
import soundfile

from ccd.io.speech import Speech, flite
from ccd.lab.packages import Packages

pytestmark = pytest.mark.live


async def test_flite_speaks_with_either_voice(installed: Packages, tmp_path: Path) -> None:
    program = installed.flite
    voices = {name: flite(program.prefix, name, program.environment) for name in ("kal", "slt")}
    speech = Speech(tmp_path / "sounds", voices)
    texts = [("Welcome. For sales, press one. For support, press two; or stay on the line.", name) for name in voices]
    assert await speech.render_all(texts, lambda done, of: None) == {}
    for text, name in texts:
        info = soundfile.info(f"{speech.sound_name(text, name)}.wav")
        assert (info.samplerate, info.channels, info.subtype) == (8_000, 1, "PCM_16")
        assert 3 < info.duration < 10
