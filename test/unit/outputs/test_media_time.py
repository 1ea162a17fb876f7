"""Images keep their times, and their distance from the sound, whatever a container claims."""
import numpy as np
import pytest

av = pytest.importorskip('av')
from helpers.timed_clips import track_times, write_timed_clip  # noqa: E402

from ros_animate.outputs import encoders  # noqa: E402
from ros_animate.outputs.audio import NoAudioError, has_audio, keep_audio  # noqa: E402
from ros_animate.outputs.run_files import RunFiles  # noqa: E402
from ros_animate.outputs.video import VideoFile  # noqa: E402
from ros_animate.plugins import load  # noqa: E402
from ros_animate.robot.descriptions import load_spec  # noqa: E402

STEADY = [index / 25 for index in range(12)]
CASES = {
    'variable': ('in.mp4', [i / 10 for i in range(5)] + [0.5 + i / 30 for i in range(9)], {}),
    'late images': ('in.mp4', [0.7 + time for time in STEADY], {}),
    'late sound': ('in.mp4', STEADY, {'sound_from': 0.4}),
    'both late': ('in.ts', [0.2 + time for time in STEADY], {}),
    'claims 1000': ('in.mkv', STEADY, {'claimed_fps': 1000}),
    '0.5 a second': ('in.mkv', [0.0, 2.0, 4.0], {}),
    '480 a second': ('in.mp4', [index / 480 for index in range(20)], {'claimed_fps': 480}),
    'a long pause': ('in.mkv', [0.0, 0.1, 30.0, 30.1], {}),
}


def copy_video(path, output):
    with load('camera', 'video', {'path': str(path)}) as source, \
            VideoFile(output, source.fps) as video:
        while (frame := source.read()) is not None:
            video.write(frame.image, frame.stamp_s)


@pytest.mark.parametrize('case', CASES)
def test_images_and_sound_stay_together(case, tmp_path):
    name, times, options = CASES[case]
    original = write_timed_clip(tmp_path / name, times, **options)
    output = tmp_path / 'out.mp4'
    copy_video(original, output)
    keep_audio(output, original)
    (images, sound), (new_images, new_sound) = track_times(original), track_times(output)
    assert len(new_images) == len(times)
    np.testing.assert_allclose(np.subtract(new_images, new_sound[0]),
                               np.subtract(images, sound[0]), atol=2e-3)


def test_the_videos_of_a_run_keep_the_stamps(tmp_path):
    stamps, spec = [0.0, 0.1, 0.2, 0.5, 0.533], load_spec('mock')
    grey = np.full((48, 48, 3), 128, np.uint8)
    with RunFiles(tmp_path, spec, 30) as outputs:
        for stamp_s in stamps:
            outputs.write(grey, grey, grey, stamp_s, spec.neutral)
    for name in ('driving', 'animated', 'robot', 'side_by_side'):
        with load('camera', 'video', {'path': str(tmp_path / f'{name}.mp4')}) as source:
            read = [source.read().stamp_s for _ in stamps]
        np.testing.assert_allclose(read, stamps, atol=1e-3)


def test_opencv_repeats_and_leaves_out_images_to_keep_time(tmp_path, monkeypatch):
    monkeypatch.setattr(encoders, 'has_h264', lambda: False)
    times = [0.0, 0.1, 0.5, 0.501, 1.0]
    with VideoFile(tmp_path / 'v.mp4', 10.0) as video:
        for index, time_s in enumerate(times):
            video.write(np.full((64, 64, 3), 50 * index, np.uint8), time_s)
    with load('camera', 'video', {'path': str(tmp_path / 'v.mp4')}) as source:
        shown = [source.read() for _ in range(source.frame_count)]
    levels = [round(frame.image.mean() / 50) for frame in shown]
    assert levels == [0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 4]


def test_sound_of_an_unknown_codec_is_left_out_with_a_reason(tmp_path):
    original = write_timed_clip(tmp_path / 'in.mkv', STEADY)
    content = original.read_bytes()
    assert content.count(b'A_AAC') == 1
    original.write_bytes(content.replace(b'A_AAC', b'A_ZZZ'))
    copy_video(original, tmp_path / 'out.mp4')
    before = (tmp_path / 'out.mp4').read_bytes()
    assert has_audio(original)
    with pytest.raises(NoAudioError, match='codec'):
        keep_audio(tmp_path / 'out.mp4', original)
    assert (tmp_path / 'out.mp4').read_bytes() == before
