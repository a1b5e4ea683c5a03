"""From where a token may be used: ranges of addresses, in CIDR form."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from modelyard.errors import InvalidValue

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def read_network(text: object) -> str:
    """A range as it is kept: ``10.0.0.0/8``, or one address.

    Raises:
        InvalidValue: for anything else.
    """
    try:
        if not isinstance(text, str):
            raise ValueError("it is no text")
        return str(ipaddress.ip_network(text))
    except ValueError as e:
        raise InvalidValue(
            f"{str(text)[:80]!r} is no range of addresses: {e}.",
            hint="Write 10.0.0.0/8, 2001:db8::/32 or one address.",
        ) from None


def is_inside(networks: Sequence[str], client: str | None) -> bool:
    """Whether ``client``, the address a request came from, is in one of the ranges.

    >>> is_inside(["10.0.0.0/8"], "10.1.2.3"), is_inside(["10.0.0.0/8"], None)
    (True, False)
    """
    address = _address(client)
    return address is not None and any(address in ipaddress.ip_network(n) for n in networks)


def _address(client: str | None) -> Address | None:
    try:
        address = ipaddress.ip_address(client or "")
    except ValueError:
        return None
    # A socket of both families shows an IPv4 caller in this form.
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
