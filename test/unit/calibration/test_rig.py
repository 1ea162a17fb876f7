"""The linear rig that is nearest to a policy."""
import dataclasses
import re

import numpy as np
import pytest

from ros_animate.calibration.fidelity import agreement, people
from ros_animate.calibration.rig import LONGEST_ROW, learned_rig, write_rig
from ros_animate.errors import UserError
from ros_animate.plugins import load
from ros_animate.robot.descriptions import descriptions, load_spec
from ros_animate.robot.reader import check_spec


def test_the_rig_of_a_rig_is_itself():
    spec = load_spec('servo_head')
    rows = learned_rig(spec, load('policy', 'blendshape_map', {'adapt_s': 0.0}, spec))
    assert set(rows) == set(spec.names)
    for name, row in spec.rig['controls'].items():
        strongest = max(row, key=lambda feature: abs(row[feature]))
        assert rows[name][strongest] == pytest.approx(row[strongest], rel=0.35), name
        for feature in set(row) & set(rows[name]):
            assert rows[name][feature] * row[feature] > 0, (name, feature)
        assert len(rows[name]) <= LONGEST_ROW


@pytest.mark.parametrize('name', [pytest.param('ameca', marks=pytest.mark.slow), 'servo_head'])
def test_the_file_with_the_rig_is_a_valid_robot(tmp_path, name):
    spec = load_spec(name)
    text = descriptions()[name].read_text()
    policy = load('policy', 'blendshape_map', {'adapt_s': 0.0}, spec)
    write_rig(spec, text, policy, tmp_path / 'rig.yaml')
    learned, mistakes = check_spec(tmp_path / 'rig.yaml', sections=True)
    assert not mistakes and learned.controls and learned.face == spec.face


def test_a_file_without_a_rig_gets_one(tmp_path):
    spec = load_spec('servo_head')
    text = re.sub(r'(?ms)^rig:.*?(?=^#|^face:)', '', descriptions()['servo_head'].read_text())
    (tmp_path / 'plain.yaml').write_text(text)
    plain = check_spec(tmp_path / 'plain.yaml')[0]
    assert not plain.rig
    policy = load('policy', 'blendshape_map', {'adapt_s': 0.0}, spec)
    write_rig(plain, text, policy, tmp_path / 'rig.yaml')
    learned, mistakes = check_spec(tmp_path / 'rig.yaml', sections=True)
    assert not mistakes and set(learned.rig['controls']) == set(spec.names)
    empty = dataclasses.replace(plain, rig={})
    with pytest.raises(UserError, match='has no `controls`'):
        write_rig(empty, f'{text}\nrig: {{}}\n', policy, tmp_path / 'other.yaml')


def test_agreement_of_like_faces_is_perfect_and_halves_have_half_the_gain():
    spec = load_spec('ameca')
    asked = [moved for _, moved in people(spec, 60, 1)]
    asked = np.array(asked)
    assert agreement(asked, asked).r == pytest.approx(1.0)
    half = agreement(asked, asked / 2)
    assert half.r == pytest.approx(1.0) and half.gain == pytest.approx(0.5) and half.mae > 0
