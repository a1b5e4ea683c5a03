"""TLS of the server and of services: a certificate that is given, or one made for the account.

The one that is made is signed by an authority made with it, whose key is thrown away: the file
``tls/ca.pem`` of the home is what clients trust, and nobody can sign anything else for them.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock

from modelyard.errors import InvalidValue
from modelyard.home import trusted_file
from modelyard.settings import ANYWHERE, Settings

ACCOUNT = "account"
"""What ``tls_certificate`` says for a certificate that is made here."""

_DECRYPT = "Give it without a password, readable for the server's user alone."
_REASONS: Mapping[str | None, str] = {
    "KEY_VALUES_MISMATCH": "the key is not the certificate's",
    "NO_CERTIFICATE_ASSIGNED": "the key is not the certificate's",  # nor of its kind
    None: "one of them is not in PEM form",
}


@dataclass(frozen=True, slots=True)
class Tls:
    """The files a server listens with."""

    certificate: Path
    key: Path


def tls_of(settings: Settings, now: datetime) -> Tls | None:
    """What these settings say; the account's own certificate is made where it is not there, names
    other hosts, or ends soon. None: no TLS.

    Raises:
        InvalidValue: one of the files is not given, cannot be read, or is not the other's.
    """
    if not settings.tls_certificate:
        if settings.tls_key:
            raise InvalidValue("tls_key is given, and no tls_certificate.")
        return None
    if settings.tls_certificate == ACCOUNT:
        return _own(trusted_file(settings.home), _hosts(settings), now)
    if not settings.tls_key:
        raise InvalidValue("tls_certificate is given, and no tls_key.")
    tls = Tls(Path(settings.tls_certificate), Path(settings.tls_key))
    _check(tls)
    # Clients of this home trust what the system does; an older certificate is none of theirs.
    trusted_file(settings.home).unlink(missing_ok=True)
    return tls


def _check(tls: Tls) -> None:
    """Load the files as a server will, so that what is wrong with them is told before."""
    for file in (tls.certificate, tls.key):
        if not os.access(file, os.R_OK):
            raise InvalidValue(f"The file {file} of the TLS settings cannot be read.")
        if not file.is_file():
            raise InvalidValue(f"{file} of the TLS settings cannot be read: it is no file.")

    def no_password() -> str:
        raise InvalidValue(f"The key {tls.key} of the TLS settings is encrypted.", hint=_DECRYPT)

    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key, password=no_password)
    except OSError as e:  # as ssl's own errors are
        reason = _REASONS.get(e.reason, str(e)) if isinstance(e, ssl.SSLError) else str(e)
        raise InvalidValue(
            f"The certificate {tls.certificate} and the key {tls.key} cannot be used: {reason}."
        ) from None


def _own(trusted: Path, hosts: list[str], now: datetime) -> Tls:
    from modelyard.access import certificates  # a server without TLS starts without its library

    folder = trusted.parent
    folder.mkdir(mode=0o700, exist_ok=True)
    tls = Tls(folder / "certificate.pem", folder / "key.pem")
    with FileLock(folder / "lock", mode=0o600):
        there = trusted.is_file() and tls.key.is_file()
        if not (there and certificates.is_good(tls.certificate, hosts, now)):
            certificates.make(tls.certificate, tls.key, trusted, hosts, now)
    return tls


def _hosts(settings: Settings) -> list[str]:
    own = [] if settings.host in ANYWHERE else [settings.host]
    return sorted({"localhost", "127.0.0.1", "::1", socket.gethostname(), *own})
