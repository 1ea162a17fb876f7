"""Sections of the settings for the name that a user gives to a source: a camera, or motion."""
from __future__ import annotations

import pathlib
from typing import Any

from ros_animate.camera.resolve import resolve
from ros_animate.configuration import ConfigurationError
from ros_animate.errors import shown
from ros_animate.plugins import available

# Name in --source: (motion plug-in, options that it stands for, name of the option of the address).
STREAMS: dict[str, tuple[str, dict[str, Any], str]] = {
    'live_link_face': ('live_link_face', {}, 'host'),
    'ifacialmocap': ('ifacialmocap', {}, 'phone'),
    'facemotion3d': ('ifacialmocap', {'app': 'facemotion3d'}, 'phone'),
    'vmc': ('vmc', {}, 'host')}
FORMS = ('live_link_face:[HOST:][PORT], ifacialmocap:PHONE, facemotion3d:PHONE, '
         'vmc:[HOST:][PORT], take.csv')


def source_sections(text: str) -> dict[str, dict[str, Any]]:
    """{'camera': section} or {'motion': section} for the value of --source.

    Raises:
        UserError: The text names no source.
    """
    name, colon, address = text.partition(':')
    if name in STREAMS and (colon or name not in available('camera')):
        plugin, options, key = STREAMS[name]
        return {'motion': {'plugin': plugin, **options, **_address(name, address, key)}}
    if pathlib.Path(text).suffix.lower() == '.csv':
        return {'motion': {'plugin': 'take', 'path': text}}
    camera, values = resolve(text)
    return {'camera': {'plugin': camera, **values}}


def motion_mistake(sections: dict[str, Any], motion: str | None) -> str:
    """Why a source and --motion contradict each other, '' if they do not."""
    source = (sections.get('motion') or {}).get('plugin')
    if source is None or motion in (None, '', source):
        return ''
    return (f'the source {source} gives the motion itself: leave out motion {motion}, or give it '
            'a camera')


def _address(name: str, text: str, key: str) -> dict[str, Any]:
    """Options for 'HOST:PORT', 'PORT' or 'HOST'."""
    if not text:
        return {}
    host, colon, port = text.rpartition(':')
    if not colon:
        host, port = ('', text) if text.isdigit() else (text, '')
    if port and not (port.isascii() and port.isdigit() and int(port) <= 65_535):
        raise ConfigurationError(f'{name}: {shown(port)} is no port; a source is {FORMS}')
    return {**({key: host} if host else {}), **({'port': int(port)} if port else {})}
