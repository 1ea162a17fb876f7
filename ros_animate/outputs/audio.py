"""Sound for a video that was made from another one."""
from __future__ import annotations

import os
import pathlib
from typing import Any

from ros_animate.errors import UserError

FITTING = ('aac', 'mp3', 'ac3', 'eac3', 'alac', 'opus')  # what may stand in an .mp4 as it is


class NoAudioError(UserError):
    """The sound cannot be kept; the message says why."""


def has_audio(path: pathlib.Path) -> bool:
    """Whether the file has sound; False where that cannot be found out."""
    try:
        import av
        with av.open(str(path)) as container:
            return bool(container.streams.audio)
    except (ImportError, OSError, ValueError):  # PyAV's errors are OSError and ValueError
        return False


def keep_audio(video: pathlib.Path, original: pathlib.Path) -> None:
    """Puts the sound of `original` into the file `video`, as long as that lasts, not re-encoded.

    Raises:
        NoAudioError: PyAV is not installed, or the sound does not fit into an .mp4.
    """
    try:
        import av
    except ImportError as error:
        raise NoAudioError('the sound needs PyAV (pip install av)') from error
    part = video.with_name(f'.sound.{video.name}')
    try:
        with av.open(str(video)) as pictures, av.open(str(original)) as sound:
            codec = sound.streams.audio[0].codec_context.name
            if codec not in FITTING:
                raise NoAudioError(f'sound in {codec} does not fit into an .mp4; '
                                   f'{", ".join(FITTING)} do')
            with av.open(str(part), 'w', format='mp4', options={'movflags': 'faststart'}) as mixed:
                _remux(pictures, sound, mixed)
        os.replace(part, video)
    except (OSError, ValueError) as error:
        raise NoAudioError(f'the sound of {original} cannot be kept: {error}') from error
    finally:
        part.unlink(missing_ok=True)


def _remux(pictures: Any, sound: Any, mixed: Any) -> None:
    """Copies the packets of both in the order of time."""
    tracks = [pictures.streams.video[0], sound.streams.audio[0]]
    copies = [mixed.add_stream_from_template(track) for track in tracks]
    seconds = float(tracks[0].duration * tracks[0].time_base)
    heard = (packet for packet in sound.demux(tracks[1]) if packet.dts is not None)
    waiting = next(heard, None)
    for packet in pictures.demux(tracks[0]):
        if packet.dts is None:
            continue
        while waiting is not None and _time(waiting) <= _time(packet):
            waiting = _copy(waiting, copies[1], mixed, heard)
        packet.stream = copies[0]
        mixed.mux(packet)
    while waiting is not None and _time(waiting) < seconds:
        waiting = _copy(waiting, copies[1], mixed, heard)


def _time(packet: Any) -> float:
    return float(packet.dts * packet.time_base)


def _copy(packet: Any, stream: Any, mixed: Any, following: Any) -> Any:
    packet.stream = stream
    mixed.mux(packet)
    return next(following, None)
