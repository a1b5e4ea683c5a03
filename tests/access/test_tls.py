"""Which certificate the settings mean, and when the account's own is made anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from modelyard.access.tls import tls_of
from modelyard.errors import InvalidValue
from modelyard.home import trusted_file
from modelyard.settings import Settings

NOW = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, tls_certificate="account")


def test_without_a_certificate_there_is_no_tls(tmp_path: Path) -> None:
    assert tls_of(Settings(home=tmp_path), NOW) is None
    assert list(tmp_path.iterdir()) == []


def test_the_account_s_certificate_is_kept_until_it_no_longer_serves(settings: Settings) -> None:
    def made(settings: Settings, now: datetime) -> bytes:
        tls = tls_of(settings, now)
        assert tls is not None
        return tls.certificate.read_bytes()

    first = made(settings, NOW)
    assert made(settings, NOW + timedelta(days=300)) == first
    renewed = made(settings, NOW + timedelta(days=370))
    assert renewed != first
    other_host = made(replace(settings, host="192.0.2.7"), NOW + timedelta(days=370))
    assert other_host != renewed
    trusted_file(settings.home).unlink()
    assert made(replace(settings, host="192.0.2.7"), NOW + timedelta(days=370)) != other_host
    (settings.home / "tls" / "certificate.pem").write_text("broken")
    assert b"BEGIN CERTIFICATE" in made(settings, NOW)


def test_a_certificate_that_is_given_is_used_as_it_is(settings: Settings, tmp_path: Path) -> None:
    made = tls_of(settings, NOW)
    assert made is not None
    given = Settings(home=tmp_path, tls_certificate=str(made.certificate), tls_key=str(made.key))
    assert tls_of(given, NOW) == made
    assert not trusted_file(tmp_path).exists()
    with pytest.raises(InvalidValue, match="tls_key"):
        tls_of(replace(given, tls_key=""), NOW)
    with pytest.raises(InvalidValue, match="cannot be read"):
        tls_of(replace(given, tls_key=str(tmp_path / "none.pem")), NOW)
