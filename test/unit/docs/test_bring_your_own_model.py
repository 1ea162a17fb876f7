"""docs/bring_your_own_model.md: its example runs, and the places that it names are there."""
from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import cv2
import numpy as np
import pytest

from ros_animate.networks import FAMILIES, find_family
from ros_animate.plugins import available, find

ROOT = pathlib.Path(__file__).resolve().parents[3]
TEXT = (ROOT / 'docs' / 'bring_your_own_model.md').read_text(encoding='utf-8')


def blocks(language: str) -> list[str]:
    return re.findall(rf'```{language}\n(.*?)```', TEXT, re.S)


@pytest.fixture(scope='module')
def package(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The example as an installed package: its module, and its entry points."""
    folder = tmp_path_factory.mktemp('package')
    (folder / 'similarity_animator.py').write_text(blocks('python')[0], encoding='utf-8')
    metadata = folder / 'similarity_animator-1.0.dist-info'
    metadata.mkdir()
    (metadata / 'METADATA').write_text('Metadata-Version: 2.1\nName: similarity-animator\n'
                                       'Version: 1.0\n')
    name, target = re.findall(r"^(\w+) = '(\S+)'$", blocks('toml')[0], re.M)[0]
    (metadata / 'entry_points.txt').write_text(f'[ros_animate.animation]\n{name} = {target}\n')
    return folder


def run(package: pathlib.Path, *arguments: str) -> str:
    path = os.pathsep.join([str(package), str(ROOT), os.environ.get('PYTHONPATH', '')])
    done = subprocess.run([sys.executable, '-m', 'ros_animate', *arguments], text=True,
                          capture_output=True, env={**os.environ, 'PYTHONPATH': path})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_example_is_a_plug_in(package: pathlib.Path) -> None:
    assert 'similarity' in run(package, 'plugins', 'list')
    assert 'gain of 1' in run(package, 'plugins', 'show', 'animation', 'similarity')


@pytest.mark.slow
def test_the_example_animates_the_robot(package: pathlib.Path, tmp_path: pathlib.Path) -> None:
    run(package, 'retarget', '--source', 'demo', '--duration', '2', '--offline', '--quiet',
        '--animator', 'similarity', '--output', str(tmp_path))
    video = cv2.VideoCapture(str(tmp_path / 'animated.mp4'))
    frames = []
    while (read := video.read())[0]:
        frames.append(read[1].astype(int))
    assert len(frames) == 60
    assert frames[0].shape == (256, 256, 3)
    assert max(float(np.abs(frame - frames[0]).mean()) for frame in frames) > 0.5


ANIMATORS = [family for family in FAMILIES if family in available('animation')]
# Those that detect keypoints of their own; the others follow the face tracker.
DETECTORS = [family for family in ANIMATORS if find('animation', family).extractor == family]
POLICIES = [family for family in FAMILIES if family in available('policy')]
PLACES = {'ros_animate/networks/{}/__init__.py': FAMILIES,
          'ros_animate/inference/conversions/{}.py': DETECTORS,
          'ros_animate/motion/extractors/{}.py': DETECTORS,
          'ros_animate/animation/animators/{}.py': ANIMATORS,
          'ros_animate/policy/policies/{}.py': POLICIES,
          'ros_animate/training/animation/objectives/{}.py': ANIMATORS}


@pytest.mark.parametrize(('place', 'family'), [(place, family) for place, families in PLACES.items()
                                               for family in families])
def test_every_family_is_in_the_places_that_are_named(place: str, family: str) -> None:
    assert place.format('<family>').replace('/__init__.py', '/') in TEXT
    assert (ROOT / place.format(family)).is_file()


@pytest.mark.parametrize('family', FAMILIES)
def test_every_family_has_the_parts_that_are_named(family: str) -> None:
    package = find_family(family)
    assert package.build(package.Config())
    assert list((ROOT / 'config' / 'models').glob(f'{family}_*.yaml'))


def test_named_files_exist() -> None:
    for name in re.findall(r'`(ros_animate/[\w/]+\.py)`', TEXT):
        assert (ROOT / name).is_file(), name
