"""Addresses of streams as they may be shown: without name, password and query."""
from __future__ import annotations

from urllib.parse import urlsplit

from ros_animate.errors import cut

SCHEMES = ('rtsp://', 'rtsps://', 'http://', 'https://', 'udp://')


def shown_address(url: str) -> str:
    """Scheme, host, port and path of an address; keys are often in the query."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition('@')[2]
    except ValueError:
        return cut(url.partition('://')[0]) + '://…'
    if not parts.scheme or '@' in parts.path:
        return f'{cut(parts.scheme)}://…'
    return cut(f'{parts.scheme}://{host}{parts.path}')
