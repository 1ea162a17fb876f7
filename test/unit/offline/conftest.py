"""Stages that need no face, added as another package would add its plug-ins."""
import os
import pathlib

import cv2
import numpy as np
import pytest

STAGES = '''
"""A face is an image that is not black; its jaw is as open as the image is bright."""
import dataclasses
import numpy as np
from ros_animate.animation.base import Animator
from ros_animate.hardware.base import Robot
from ros_animate.motion.base import Extractor
from ros_animate.policy.base import Policy
from ros_animate.types import ActionChunk, Frame, Motion

@dataclasses.dataclass(frozen=True)
class Config:
    level: float = 0.0
    size: int = 0

class Bright(Extractor):
    Config = Config
    def __init__(self, config):
        self.config = config
    def extract(self, frame):
        level = float(frame.image.mean()) / 255
        if level < 0.05:
            return None
        return Motion('bright', frame.stamp_s, expression={'jawLeft': level},
                      confidence=self.config.level)

class Tint(Animator):
    """The source, as bright as the jaw is open; its motions are kept in `inputs`."""
    Config = Config
    extractor = 'bright'
    inputs = []
    def __init__(self, config):
        pass
    def set_source(self, image):
        self.source = image
    def animate(self, motion):
        Tint.inputs.append(motion)
        level = sum(motion.expression.values())
        return Frame(np.full((64, 64, 3), round(255 * level), np.uint8), motion.stamp_s)

class Jaw(Policy):
    Config = Config
    observes = 'motion'
    inputs = []
    def __init__(self, config, spec):
        self.spec = spec
    def level(self, motion):
        return motion.expression.get('jawLeft', 0.0)
    def act(self, observation):
        Jaw.inputs.append(observation)
        values = self.spec.neutral.copy()
        values[self.spec.index('Jaw Pitch')] = 1 - self.level(observation)
        return ActionChunk(self.spec.names, values[None], 1 / 30, observation.stamp_s)

class JawOfImage(Jaw):
    observes = 'image'
    def level(self, frame):
        return float(frame.image.mean()) / 255

class Motor(Robot):
    """A real robot, which must not be touched."""
    Config = Config
    def __init__(self, config, spec):
        raise AssertionError('a real robot was built')
    connect = disconnect = write = read = None
'''
ENTRY_POINTS = """
[ros_animate.motion]
bright = stages_without_face:Bright
[ros_animate.animation]
tint = stages_without_face:Tint
[ros_animate.policy]
jaw = stages_without_face:Jaw
jaw_of_image = stages_without_face:JawOfImage
[ros_animate.hardware]
motor = stages_without_face:Motor
"""
CONFIG = """
motion: {plugin: bright}
animation: {plugin: tint}
policy: {plugin: jaw}
hardware: {size: 64}
"""


@pytest.fixture(scope='session')
def stub_package(tmp_path_factory):
    """A folder with an installed package that brings the plug-ins bright, tint, jaw, motor."""
    folder = tmp_path_factory.mktemp('site')
    (folder / 'stages_without_face.py').write_text(STAGES)
    info = folder / 'stages_without_face-1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text('Metadata-Version: 2.1\nName: stages-without-face\nVersion: 1\n')
    (info / 'entry_points.txt').write_text(ENTRY_POINTS)
    return folder


@pytest.fixture
def stubs(stub_package, monkeypatch):
    """The module of the plug-ins, importable."""
    monkeypatch.syspath_prepend(str(stub_package))
    import stages_without_face
    stages_without_face.Jaw.inputs.clear()
    stages_without_face.Tint.inputs.clear()
    return stages_without_face


@pytest.fixture
def stub_environment(stub_package):
    """Environment of a process that has the plug-ins."""
    root = pathlib.Path(__file__).resolve().parents[3]
    paths = [str(stub_package), str(root), os.environ.get('PYTHONPATH', '')]
    return {**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, paths))}


@pytest.fixture
def stub_config(tmp_path):
    """A configuration file that selects the plug-ins."""
    path = tmp_path / 'stubs.yaml'
    path.write_text(CONFIG)
    return path


@pytest.fixture
def make_clip(tmp_path):
    """Function: brightness of each frame (0 to 255) to a video file at 30 frames a second."""
    def make(levels, name='clip.mp4'):
        path = tmp_path / name
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), 30, (64, 48))
        for level in levels:
            writer.write(np.full((48, 64, 3), level, np.uint8))
        writer.release()
        return path
    return make
