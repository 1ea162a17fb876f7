"""Outputs of `ros_animate animate`: signals, and files of any name."""
from __future__ import annotations

import os
import pathlib
import shutil
import signal

import pytest

from ros_animate import interrupts
from ros_animate.camera.sources.video import Video
from ros_animate.cli import main
from ros_animate.outputs.video import VideoFile


@pytest.fixture(autouse=True)
def handlers(monkeypatch: pytest.MonkeyPatch):
    """The command line changes the handlers of signals."""
    monkeypatch.setattr(interrupts, 'leave_terminal', lambda: None)
    before = {number: signal.getsignal(number) for number in interrupts.SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def animate(source: object, driving: object, output: object, *more: object) -> int:
    return main(['animate', '--animator', 'mesh_warp', '--source', str(source), '--driving',
                 str(driving), '--output', str(output), '--quiet', *map(str, more)])


def frame_count(path: object) -> int:
    count = 0
    with Video(Video.Config(path=str(path))) as video:
        while video.read() is not None:
            count += 1
    return count


@pytest.mark.parametrize('number', interrupts.SIGNALS)
def test_a_signal_leaves_a_complete_video(portrait_file: pathlib.Path, clip: pathlib.Path,
                                          tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch,
                                          number: signal.Signals) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    write, written = VideoFile.write, []

    def interrupted(*arguments: object, **more: object) -> None:
        write(*arguments, **more)  # type: ignore[arg-type]
        written.append(1)
        if len(written) == 3:
            os.kill(os.getpid(), number)
    monkeypatch.setattr(VideoFile, 'write', interrupted)
    if number == signal.SIGINT:
        assert animate(portrait_file, clip, tmp_path / 'a.mp4') == 130
    else:
        with pytest.raises(SystemExit) as caught:
            animate(portrait_file, clip, tmp_path / 'a.mp4')
        assert caught.value.code == 128 + number
    assert frame_count(tmp_path / 'a.mp4') == len(written) == 3
    assert [p.name for p in tmp_path.iterdir()] == ['a.mp4']


@pytest.mark.parametrize('name', [b'12:30', b'J\xfc', 'ä'.encode() * 125])
def test_files_of_any_name(portrait_file: pathlib.Path, clip: pathlib.Path,
                           tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch,
                           name: bytes) -> None:
    monkeypatch.chdir(tmp_path)
    stem = os.fsdecode(name)
    shutil.copy(portrait_file, f'{stem}.jpg')
    shutil.copy(clip, f'{stem}.mp4')
    os.mkdir('o')
    assert animate(f'{stem}.jpg', f'{stem}.mp4', f'o/{stem}.mp4', '--limit', 3) == 0
    assert frame_count(f'o/{stem}.mp4') == 3


def test_the_driving_video_is_not_replaced(portrait_file: pathlib.Path, clip: pathlib.Path,
                                           tmp_path: pathlib.Path,
                                           capsys: pytest.CaptureFixture[str]) -> None:
    driving = pathlib.Path(shutil.copy(clip, tmp_path / 'a.mp4'))
    (tmp_path / 'link.mp4').symlink_to(driving)
    for output in (driving, tmp_path / 'link.mp4', tmp_path / 'x' / '..' / 'a.mp4'):
        assert animate(portrait_file, driving, output) == 2
        assert 'would replace the input' in capsys.readouterr().err
    assert driving.read_bytes() == clip.read_bytes()
