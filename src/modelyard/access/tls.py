"""TLS of the server and of services: a certificate that is given, or one made for the account.

The one that is made is signed by an authority made with it, whose key is thrown away: the file
``tls/ca.pem`` of the home is what clients trust, and nobody can sign anything else for them.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from filelock import FileLock

from modelyard.errors import InvalidValue
from modelyard.home import trusted_file, write_private
from modelyard.settings import Settings

ACCOUNT = "account"
"""What ``tls_certificate`` says for a certificate that is made here."""
_GOOD_FOR = timedelta(days=397)
_RENEWED_BEFORE = timedelta(days=30)
_SKEW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Tls:
    """The files a server listens with."""

    certificate: Path
    key: Path


def tls_of(settings: Settings, now: datetime) -> Tls | None:
    """What these settings say; the account's own certificate is made where it is not there, names
    other hosts, or ends soon. None: no TLS.

    Raises:
        InvalidValue: one of the files is not given, or cannot be read.
    """
    if not settings.tls_certificate:
        return None
    if settings.tls_certificate == ACCOUNT:
        folder = trusted_file(settings.home).parent
        folder.mkdir(mode=0o700, exist_ok=True)
        tls = Tls(folder / "certificate.pem", folder / "key.pem")
        with FileLock(folder / "lock", mode=0o600):
            if not _is_good(tls, _hosts(settings), now):
                _make(tls, trusted_file(settings.home), _hosts(settings), now)
        return tls
    if not settings.tls_key:
        raise InvalidValue("tls_certificate is given, and no tls_key.")
    tls = Tls(Path(settings.tls_certificate), Path(settings.tls_key))
    for file in (tls.certificate, tls.key):
        if not os.access(file, os.R_OK):
            raise InvalidValue(f"The file {file} of the TLS settings cannot be read.")
    # Clients of this home trust what the system does; an older certificate is none of theirs.
    trusted_file(settings.home).unlink(missing_ok=True)
    return tls


def _hosts(settings: Settings) -> list[str]:
    anywhere = ("0.0.0.0", "::")  # noqa: S104
    own = [] if settings.host in anywhere else [settings.host]
    return sorted({"localhost", "127.0.0.1", "::1", socket.gethostname(), *own})


def _is_good(tls: Tls, hosts: Sequence[str], now: datetime) -> bool:
    try:
        found = x509.load_pem_x509_certificate(tls.certificate.read_bytes())
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    there = trusted_file(tls.key.parents[1]).is_file() and tls.key.is_file()
    ends = found.not_valid_after_utc
    return there and ends - now > _RENEWED_BEFORE and set(names) == set(_names(hosts))


def _make(tls: Tls, trusted: Path, hosts: Sequence[str], now: datetime) -> None:
    authority, key = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256R1()),
    )
    issuer, subject = _named("Modelyard account"), _named(hosts[0])
    ca = (
        _begun(issuer, issuer, authority.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority.public_key()), False)
        .sign(authority, SHA256())
    )
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    leaf = (
        _begun(issuer, subject, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_names(hosts)), critical=False)
        .add_extension(identifier, critical=False)
        .sign(authority, SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(tls.key, secret.decode())
    write_private(tls.certificate, leaf.public_bytes(Encoding.PEM).decode())
    write_private(trusted, ca.public_bytes(Encoding.PEM).decode())


def _begun(
    issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - _SKEW)
        .not_valid_after(now.astimezone(UTC) + _GOOD_FOR)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _names(hosts: Sequence[str]) -> list[x509.GeneralName]:
    return [_name(host) for host in hosts]


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
