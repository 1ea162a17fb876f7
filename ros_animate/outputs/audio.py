"""Audio of a video that was made from another one."""
from __future__ import annotations

import pathlib
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from ros_animate.errors import UserError, cut
from ros_animate.files import NO_ROOM, WriteError, atomic_path, plain_name
from ros_animate.outputs.encoders import open_mp4

MP4_CODECS = ('aac', 'mp3', 'ac3', 'eac3', 'alac', 'opus')  # an .mp4 takes these as they are

# What PyAV raises for damaged files: its own errors are also of these kinds.
DAMAGED = (OSError, ValueError, EOFError, LookupError, TypeError, ArithmeticError, RuntimeError)


class NoAudioError(UserError):
    """The audio cannot be copied; the message says why."""


def has_audio(path: pathlib.Path) -> bool:
    """True if the file has audio; False if that cannot be determined."""
    try:
        import av
        with plain_name(path) as name, av.open(name) as container:
            return bool(container.streams.audio)
    except (ImportError, *DAMAGED):
        return False


def keep_audio(video: pathlib.Path, original: pathlib.Path) -> None:
    """Copies the audio of `original` into the file `video`, cut to its length, not re-encoded.

    Raises:
        NoAudioError: PyAV is not installed, or an .mp4 cannot hold the audio's codec.
        WriteError: The disk is full; the video stays without sound.
    """
    try:
        import av
    except ImportError as error:
        raise NoAudioError('the sound needs PyAV (pip install av)') from error
    try:
        with (plain_name(video) as silent, plain_name(original) as sounding,
              atomic_path(video) as temporary,
              av.open(silent) as images, av.open(sounding) as audio):
            _check_codec(audio.streams.audio[0])
            with open_mp4(temporary, growing=False) as muxed:
                _remux(images, audio, muxed)
    except DAMAGED as error:
        if isinstance(error, WriteError) and error.errno in NO_ROOM:
            raise
        reason = error.strerror if isinstance(error, WriteError) else cut(str(error))
        raise NoAudioError(f'the sound of {original} cannot be kept: {reason}') from error


def _check_codec(track: Any) -> None:
    """Raises NoAudioError if an .mp4 cannot hold the track."""
    context = track.codec_context  # None for a codec that PyAV does not know
    if context is None:
        raise NoAudioError('its sound is in a codec that is not known here')
    if context.name not in MP4_CODECS:
        raise NoAudioError(f'sound in {context.name} does not fit into an .mp4; '
                           f'{", ".join(MP4_CODECS)} do')


def _remux(images: Any, audio: Any, muxed: Any) -> None:
    """Copies the packets of both containers in the order of time.

    The images begin as long after the sound, or before it, as in the original.
    """
    tracks = [images.streams.video[0], audio.streams.audio[0]]
    copies = [muxed.add_stream_from_template(track) for track in tracks]
    starts = [_start_s(track) for track in (*audio.streams.video[:1], tracks[1])]
    origin_s = max(0.0, min(starts))
    image_packets = _packets(images, tracks[0], starts[0] - origin_s)
    sound_packets = _packets(audio, tracks[1], -origin_s)
    waiting, end_s = next(sound_packets, None), 0.0
    for packet in image_packets:
        while waiting is not None and _time(waiting) <= _time(packet):
            waiting = _copy(waiting, copies[1], muxed, sound_packets)
        end_s = _time(packet) + float((packet.duration or 0) * packet.time_base)
        packet.stream = copies[0]
        muxed.mux(packet)
    while waiting is not None and _time(waiting) < end_s:
        waiting = _copy(waiting, copies[1], muxed, sound_packets)


def _start_s(track: Any) -> float:
    return 0.0 if track.start_time is None else float(track.start_time * track.time_base)


def _packets(container: Any, track: Any, shift_s: float) -> Iterator[Any]:
    """The packets of a track, all `shift_s` later; those without a time are left out."""
    for packet in container.demux(track):
        if packet.dts is not None:
            shift = round(Fraction(shift_s) / packet.time_base)
            packet.dts += shift
            packet.pts = packet.dts if packet.pts is None else packet.pts + shift
            yield packet


def _time(packet: Any) -> float:
    return float(packet.dts * packet.time_base)


def _copy(packet: Any, stream: Any, muxed: Any, following: Any) -> Any:
    """Writes one packet; returns the next one, None at the end."""
    packet.stream = stream
    muxed.mux(packet)
    return next(following, None)
