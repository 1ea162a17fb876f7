"""Helpers of the tests of collections."""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np

from ros_animate.collection.pairs import Pair, PairMaker

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Numbers(PairMaker):
    """Pair number i holds i."""

    block_size = 4

    def make(self, block, start, stop):
        for i in range(block * self.block_size + start, block * self.block_size + stop):
            yield Pair(b'%d' % i, np.array([i, 0.5]))


class Killed(Numbers):
    """A worker that is killed by the system."""

    def make(self, block, start, stop):
        if block == 2:
            os._exit(9)
        return super().make(block, start, stop)


def lines(folder):
    """The complete lines: a kill may have torn the last one."""
    complete = (folder / 'metadata.jsonl').read_text().rpartition('\n')[0]
    return [json.loads(line) for line in complete.splitlines()]


def values(folder):
    """(count, N)."""
    return np.array([line['ctrl_value'] for line in lines(folder)])


def content(folder):
    """File name -> bytes of everything in a folder."""
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob('*')) if path.is_file()}


def start(*arguments):
    """The command line in a process of its own."""
    return subprocess.Popen(
        [sys.executable, '-m', 'ros_animate', 'collect', *map(str, arguments)], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
