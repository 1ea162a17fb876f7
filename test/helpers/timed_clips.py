"""Small videos with sound whose images are shown at given times."""
from fractions import Fraction

import av
import numpy as np

SAMPLE_RATE, BLOCK = 48000, 1024
CLOCK = Fraction(1, 90000)


def write_timed_clip(path, times, *, sound_from=0.0, claimed_fps=30):
    """Writes images of 64 pixels, the first shown at `times[0]`, and noise until after the last."""
    with av.open(str(path), 'w') as file:
        video = file.add_stream('libx264', rate=claimed_fps)
        video.width = video.height = 64
        video.pix_fmt = 'yuv420p'
        video.codec_context.time_base = CLOCK
        sound = file.add_stream('aac', rate=SAMPLE_RATE, layout='mono')
        packets = [*_encoded(video, _images(times)),
                   *_encoded(sound, _noise(sound_from, times[-1] + 0.3))]
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            file.mux(packet)
    return path


def track_times(path):
    """Times of the images, and of the blocks of sound."""
    with av.open(str(path)) as file:
        times = [(p.stream.type, float(p.pts * p.time_base)) for p in file.demux()
                 if p.pts is not None]
    return tuple(sorted(time_s for kind, time_s in times if kind == track)
                 for track in ('video', 'audio'))


def _encoded(stream, frames):
    for frame in frames:
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _images(times):
    for index, time_s in enumerate(times):
        image = np.full((64, 64, 3), 5 * index % 255, np.uint8)
        frame = av.VideoFrame.from_ndarray(image, format='rgb24')
        frame.pts, frame.time_base = round(time_s / CLOCK), CLOCK
        yield frame


def _noise(start_s, end_s):
    noise = np.random.default_rng(1).normal(0, 0.1, (1, BLOCK)).astype(np.float32)
    for block in range(int((end_s - start_s) * SAMPLE_RATE) // BLOCK):
        frame = av.AudioFrame.from_ndarray(noise, format='fltp', layout='mono')
        frame.sample_rate, frame.time_base = SAMPLE_RATE, Fraction(1, SAMPLE_RATE)
        frame.pts = round(start_s * SAMPLE_RATE) + block * BLOCK
        yield frame
