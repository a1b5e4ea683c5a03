"""Which certificate the settings mean, and when the account's own is made anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

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


def test_a_key_without_a_certificate_is_refused_like_a_certificate_without_a_key(
    tmp_path: Path,
) -> None:
    with pytest.raises(InvalidValue, match="tls_key is given, and no tls_certificate"):
        tls_of(Settings(home=tmp_path, tls_key="key.pem"), NOW)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("other.pem", "the key is not the certificate's"),
        ("kind.pem", "the key is not the certificate's"),
        ("text.pem", "not in PEM form"),
        ("empty.pem", "not in PEM form"),
        ("encrypted.pem", "encrypted"),
        ("folder", "no file"),
    ],
)
def test_a_key_that_cannot_serve_is_told_before_anything_listens(
    settings: Settings, tmp_path: Path, name: str, said: str
) -> None:
    made = tls_of(settings, NOW)
    assert made is not None
    wrong = write_wrong_keys(tmp_path, made.key) / name
    given = Settings(home=tmp_path, tls_certificate=str(made.certificate), tls_key=str(wrong))
    with pytest.raises(InvalidValue, match=said) as caught:
        tls_of(given, NOW)
    assert str(wrong) in caught.value.message
    assert trusted_file(tmp_path).exists()


@pytest.mark.parametrize(("name", "said"), [("text.pem", "not in PEM form"), ("folder", "no file")])
def test_a_certificate_that_is_none_is_told_too(
    settings: Settings, tmp_path: Path, name: str, said: str
) -> None:
    made = tls_of(settings, NOW)
    assert made is not None
    wrong = write_wrong_keys(tmp_path, made.key) / name
    given = Settings(home=tmp_path, tls_certificate=str(wrong), tls_key=str(made.key))
    with pytest.raises(InvalidValue, match=said) as caught:
        tls_of(given, NOW)
    assert str(wrong) in caught.value.message


def write_wrong_keys(folder: Path, key: Path) -> Path:
    """Files that are no key, or not the one of this certificate."""
    kept = load_pem_private_key(key.read_bytes(), None)
    secret, plain = BestAvailableEncryption(b"secret"), NoEncryption()
    for name, one, how in (
        ("other.pem", ec.generate_private_key(ec.SECP256R1()), plain),
        ("kind.pem", rsa.generate_private_key(65537, 2048), plain),
        ("encrypted.pem", kept, secret),
    ):
        (folder / name).write_bytes(one.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
    (folder / "text.pem").write_text("hello")
    (folder / "empty.pem").touch()
    (folder / "folder").mkdir()
    return folder
