"""docs/bring_your_own_robot.md: its file is a robot, and its recipe does what it says."""
from __future__ import annotations

import pathlib
import re

import numpy as np

from ros_animate.cli import main
from ros_animate.policy.policies.blendshape_map import BlendshapeMap
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.face_map import FaceMap
from ros_animate.robot.reader import check_spec, read_spec
from ros_animate.types import Motion

ROOT = pathlib.Path(__file__).resolve().parents[3]
TEXT = (ROOT / 'docs' / 'bring_your_own_robot.md').read_text(encoding='utf-8')
SMILE = {'mouthSmileLeft': 0.8, 'mouthSmileRight': 0.8, 'jawOpen': 0.1}


def pose(spec, **expression):
    policy = BlendshapeMap(BlendshapeMap.Config(), spec)
    return policy.act(Motion('mediapipe', 0.0, expression=expression)).values[0]


def test_the_complete_file_is_one(tmp_path):
    content = re.search(r'```yaml\n(name: my_head.*?)```', TEXT, re.S)[1]
    path = tmp_path / 'my_head.yaml'
    path.write_text(content, encoding='utf-8')
    spec, mistakes = check_spec(path, sections=True)
    assert not mistakes and len(spec.controls) == 3
    numbers = re.findall(r'# (\d)$', content, re.M)
    assert numbers == re.findall(r'^(\d)\. ', TEXT, re.M)
    assert pose(spec, jawOpen=1.0)[1] == spec.controls[1].high  # 2 + 24 degrees, of 25
    assert abs(pose(spec, jawOpen=0.3, mouthClose=0.3)[1] - 2) < 1
    assert FaceMap(spec).muscles(pose(spec, browInnerUp=1.0))['brow_inner_left'] > 0.9
    assert main(['retarget', '--source', 'demo', '--limit', '3', '--offline', '--quiet', '--robot',
                 str(path), '--output', str(tmp_path / 'out')]) == 0


def test_the_recipe_makes_the_smile_wider_and_leaves_the_jaw(tmp_path):
    new, = re.findall(r'^ros_animate (robots new my_ameca.*)$', TEXT, re.M)
    path = tmp_path / 'my_ameca.yaml'
    assert main(new.replace('my_ameca.yaml', str(path)).split()) == 0
    content = path.read_text(encoding='utf-8')
    for old, changed in re.findall(r's/([^/]+)/([^/]+)/', re.search(r"sed -i '(.+)'", TEXT)[1]):
        assert old in content
        content = content.replace(old, changed)
    path.write_text(content, encoding='utf-8')
    before, after = load_spec('ameca'), read_spec(path)
    change = pose(after, **SMILE) - pose(before, **SMILE)
    corners = before.indices(['Lip Corner Raise Left', 'Lip Corner Raise Right'])
    assert (change[corners] > 0.08).all()
    assert np.abs(np.delete(change, corners)).max() < 1e-9
    stronger = BlendshapeMap(BlendshapeMap.Config(mouth=1.5), before)
    jaw = before.index('Jaw Pitch')
    assert stronger.act(Motion('mediapipe', 0.0, expression=SMILE)).values[0][jaw] < pose(
        before, **SMILE)[jaw]
