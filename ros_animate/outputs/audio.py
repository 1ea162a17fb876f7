"""Audio of a video that was made from another one."""
from __future__ import annotations

import pathlib
from typing import Any

from ros_animate.errors import UserError
from ros_animate.files import atomic_path, plain_name
from ros_animate.outputs.encoders import open_mp4

MP4_CODECS = ('aac', 'mp3', 'ac3', 'eac3', 'alac', 'opus')  # an .mp4 takes these as they are


class NoAudioError(UserError):
    """The audio cannot be copied; the message says why."""


def has_audio(path: pathlib.Path) -> bool:
    """True if the file has audio; False if that cannot be determined."""
    try:
        import av
        with plain_name(path) as name, av.open(name) as container:
            return bool(container.streams.audio)
    except (ImportError, OSError, ValueError):  # PyAV's errors are OSError and ValueError
        return False


def keep_audio(video: pathlib.Path, original: pathlib.Path) -> None:
    """Copies the audio of `original` into the file `video`, cut to its length, not re-encoded.

    Raises:
        NoAudioError: PyAV is not installed, or an .mp4 cannot hold the audio's codec.
    """
    try:
        import av
    except ImportError as error:
        raise NoAudioError('the sound needs PyAV (pip install av)') from error
    try:
        with (plain_name(video) as silent, plain_name(original) as sounding,
              atomic_path(video) as temporary,
              av.open(silent) as images, av.open(sounding) as audio):
            codec = audio.streams.audio[0].codec_context.name
            if codec not in MP4_CODECS:
                raise NoAudioError(f'sound in {codec} does not fit into an .mp4; '
                                   f'{", ".join(MP4_CODECS)} do')
            with open_mp4(temporary) as muxed:
                _remux(images, audio, muxed)
    except (OSError, ValueError) as error:
        raise NoAudioError(f'the sound of {original} cannot be kept: {error}') from error


def _remux(images: Any, audio: Any, muxed: Any) -> None:
    """Copies the packets of both containers in the order of time."""
    tracks = [images.streams.video[0], audio.streams.audio[0]]
    copies = [muxed.add_stream_from_template(track) for track in tracks]
    seconds = float(tracks[0].duration * tracks[0].time_base)
    audio_packets = (packet for packet in audio.demux(tracks[1]) if packet.dts is not None)
    waiting = next(audio_packets, None)
    for packet in images.demux(tracks[0]):
        if packet.dts is None:
            continue
        while waiting is not None and _time(waiting) <= _time(packet):
            waiting = _copy(waiting, copies[1], muxed, audio_packets)
        packet.stream = copies[0]
        muxed.mux(packet)
    while waiting is not None and _time(waiting) < seconds:
        waiting = _copy(waiting, copies[1], muxed, audio_packets)


def _time(packet: Any) -> float:
    return float(packet.dts * packet.time_base)


def _copy(packet: Any, stream: Any, muxed: Any, following: Any) -> Any:
    """Writes one packet; returns the next one, None at the end."""
    packet.stream = stream
    muxed.mux(packet)
    return next(following, None)
