"""Which addresses are the public internet. Pure; the one rule that every dialled address is held against.

`ipaddress.is_global` is not that rule: it says yes to multicast, to metadata services of two clouds and to
IPv6 forms that carry a private IPv4 address.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

_NOT_PUBLIC_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",
            "100.64.0.0/10",  # carriers, and one cloud's metadata
            "127.0.0.0/8",
            "168.63.129.16/32",  # a cloud's host service
            "169.254.0.0/16",  # link local: most clouds' metadata
            "172.16.0.0/12",
            "192.0.0.0/24",  # protocol assignments, a cloud's metadata among them
            "192.0.2.0/24",
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
        ),
    )
)
_UNICAST_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # Teredo, ORCHID and other protocol assignments
            "2001:db8::/32",
            "2002::/16",  # 6to4 carries an IPv4 address
            "2620:4f:8000::/48",  # AS112: answers for private names
            "3fff::/20",
        ),
    )
)
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_LAST_32 = 0xFFFF_FFFF
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether a stranger's page may make us dial this address.

    Every IPv4 address inside an IPv6 one is judged too. IPv6 with a zone never is public.
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address.scope_id is not None:
        return False
    inner = IPv4Address(int(address) & _LAST_32)
    if address in _MAPPED or address in _NAT64:
        return is_public(inner)
    if address not in _UNICAST_6 or any(address in network for network in _NOT_PUBLIC_6):
        return False
    carries = (int(address) >> 32) & _LAST_32 in _ISATAP
    return not carries or is_public(inner)
