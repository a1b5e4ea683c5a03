"""From where a token may be used: ranges of addresses, in CIDR form."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from modelyard.errors import InvalidValue

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAPPED_BITS = 96
"""How much of an address is the same in all that stand for IPv4, ``::ffff:0:0/96``."""


def read_network(text: object) -> str:
    """A range as it is kept: ``10.0.0.0/8``, or one address.

    IPv4 written in the form of IPv6 is kept as IPv4, which is how callers' addresses are looked at.

    >>> read_network("::ffff:10.0.0.0/104")
    '10.0.0.0/8'

    Raises:
        InvalidValue: for anything else.
    """
    try:
        if not isinstance(text, str):
            raise ValueError("it is no text")
        return str(_unmapped(ipaddress.ip_network(text)))
    except ValueError as e:
        raise InvalidValue(
            f"{str(text)[:80]!r} is no range of addresses: {e}.",
            hint="Write 10.0.0.0/8, 2001:db8::/32 or one address.",
        ) from None


def _unmapped(network: Network) -> Network:
    if isinstance(network, ipaddress.IPv4Network) or network.prefixlen < _MAPPED_BITS:
        return network
    mapped = network.network_address.ipv4_mapped
    bits = network.prefixlen - _MAPPED_BITS
    return network if mapped is None else ipaddress.IPv4Network((mapped, bits))


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
