"""The site's settings as the parts of the daemon take them."""

from pathlib import Path

import pytest
from redis.asyncio.connection import parse_url

from ccd.config.settings import RedisSection, Settings
from ccd.daemon.site import redis_url


@pytest.mark.parametrize("password", ["simple", "p@ss:w/ord?&#%", "ü"])
@pytest.mark.parametrize("url", ["redis://127.0.0.1:6379/0", "unix:///run/redis.sock", "unix:///run/redis.sock?db=1"])
def test_password_comes_back_as_it_was(tmp_path: Path, url: str, password: str) -> None:
    (tmp_path / "redis").write_text(password)
    settings = Settings.model_construct(
        redis=RedisSection.model_construct(url=url, secret_file="redis", secret_env=None)
    )
    made = redis_url(settings, tmp_path)
    assert parse_url(made)["password"] == password


def test_no_password_leaves_the_url_alone(tmp_path: Path) -> None:
    redis = RedisSection.model_construct(url="redis://127.0.0.1:6379/0", secret_file=None, secret_env=None)
    assert redis_url(Settings.model_construct(redis=redis), tmp_path) == "redis://127.0.0.1:6379/0"
