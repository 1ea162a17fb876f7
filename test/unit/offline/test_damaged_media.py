"""Damaged videos, sound and motion templates: a result, or one line that names the file."""
import functools

import pytest

pytest.importorskip('av', reason='PyAV writes the test files')
from helpers.timed_clips import write_timed_clip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ros_animate.checkpoints.pickles import UnreadableFileError
from ros_animate.errors import UserError
from ros_animate.offline import motion_template
from ros_animate.outputs.audio import NoAudioError, has_audio, keep_audio
from ros_animate.plugins import load

KINDS = ('.mp4', '.mkv', '.avi')
CHEAP = settings(max_examples=25, deadline=None,
                 suppress_health_check=[HealthCheck.function_scoped_fixture])
changes = st.dictionaries(st.floats(0, 0.999), st.integers(0, 255), max_size=20)


@functools.cache
def clip(kind, folder):
    # An .avi has no images at any time but those of its rate.
    return write_timed_clip(folder / f'whole{kind}', [i / 25 for i in range(8)], claimed_fps=25)


def damaged(content, changed, share):
    content = bytearray(content[:int(share * len(content))])
    for place, value in changed.items():
        if content:
            content[int(place * len(content))] = value
    return bytes(content)


@given(kind=st.sampled_from(KINDS), changed=changes, share=st.floats(0, 1))
@CHEAP
def test_a_damaged_video(kind, changed, share, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    whole = clip(kind, folder)
    path = folder / f'damaged{kind}'
    path.write_bytes(damaged(whole.read_bytes(), changed, share))
    try:
        with load('camera', 'video', {'path': str(path)}) as source:
            for _ in range(20):
                if source.read() is None:
                    break
    except UserError as error:
        assert path.name in str(error) and '\n' not in str(error)
    try:
        if has_audio(path):
            output = folder / 'out.mp4'
            output.write_bytes(clip('.mp4', folder).read_bytes())
            keep_audio(output, path)
    except NoAudioError as error:
        assert '\n' not in str(error)


@given(st.binary(max_size=300) | st.builds(bytes.__add__, st.just(b'\x80\x04'), st.binary()))
@CHEAP
def test_a_damaged_template(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / 'damaged.pkl'
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError) as error:
        motion_template.read(path)
    assert path.name in str(error.value) and '\n' not in str(error.value)
