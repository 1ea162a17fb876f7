"""Progress is a bar in a terminal and a line now and then elsewhere."""
import fcntl
import os
import pty
import struct
import sys
import termios

import pytest

from ros_animate.outputs.progress import Progress


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


def test_without_a_terminal_a_line_every_ten_seconds(capsys):
    clock = Clock()
    with Progress('retargeting', 100, 'frame', now=clock) as progress:
        for second in range(1, 35):
            clock.now_s = float(second)
            progress.set(2 * second, '31 ms')
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f'ros_animate: retargeting: {n} of 100 frames in {s} s, 2 a second, 31 ms'
                     for n, s in ((20, 10), (40, 20), (60, 30))]


def test_a_line_comes_without_a_change(capsys):
    clock = Clock()
    progress = Progress('starting', None, 'frame', now=clock)
    clock.now_s = 10.0
    progress.set(0)
    assert capsys.readouterr().err == 'ros_animate: starting: 0 frames in 10 s, 0 a second\n'


def test_quiet_means_nothing(capsys):
    clock = Clock()
    progress = Progress('retargeting', 5, 'frame', quiet=True, now=clock)
    clock.now_s = 100.0
    progress.add()
    assert capsys.readouterr().err == ''


def test_each_item_counts():
    progress = Progress('retargeting', 5, 'frame', initial=2)
    assert list(progress.each('abc')) == list('abc')
    assert progress.count == 5


@pytest.mark.parametrize('gone', [False, True])
def test_a_bar_in_a_terminal_that_may_go_away(monkeypatch, gone):
    leader, follower = pty.openpty()
    fcntl.ioctl(leader, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 100, 0, 0))
    with os.fdopen(follower, 'w') as terminal:
        monkeypatch.setattr(sys, 'stderr', terminal)
        with Progress('retargeting', 3, 'frame') as progress:
            if gone:
                os.close(leader)
            for item in progress.each(range(3)):
                assert item == progress.count
        if not gone:
            assert b'retargeting' in os.read(leader, 10_000)
            os.close(leader)
        monkeypatch.undo()
        if gone:
            with pytest.raises(OSError):
                terminal.write('x')
                terminal.flush()
            os.dup2(os.open(os.devnull, os.O_WRONLY), terminal.fileno())
