"""The forward model, fitted to observations of a face with known equations."""
import numpy as np
import pytest

from ros_animate.calibration.fitting import FitOptions, fit
from ros_animate.calibration.observations import Observations, ObservationsError
from ros_animate.policy.forward_model import OUTPUTS, ForwardModelError, load_forward_model
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('ameca')
QUICK = FitOptions(members=2, hidden=16, steps=300)


def observed(count, seed=0):
    """A face of which each control moves one blendshape, and three of them the head's angles."""
    rng = np.random.default_rng(seed)
    controls = rng.uniform(SPEC.low, SPEC.high, (count, len(SPEC.names)))
    share = (controls - SPEC.low) / (SPEC.high - SPEC.low)
    expression = np.full((count, 52), 0.05)
    expression[:, :share.shape[1]] = share
    return Observations(SPEC.names, controls, expression, 20 * (share[:, :3] - 0.5))


@pytest.fixture(scope='module')
def model():
    return fit(SPEC, observed(300), QUICK)


def test_the_model_predicts_other_poses(model):
    other = observed(50, seed=1)
    predicted = model.predict(other.controls)
    assert np.abs(predicted[:, :52] - other.expression).mean() < 0.06
    assert np.abs(predicted[:, 52:] - other.angles_deg).mean() < 3
    assert model.config.poses == 300
    assert 0.01 < np.mean(model.config.error[:30]) < 0.15


def test_the_derivatives_are_those_of_the_prediction(model):
    pose, step = observed(1, seed=2).controls[0], 1e-5
    outputs, slope = model.linearised(pose)
    np.testing.assert_allclose(outputs, model.predict(pose))
    for k in (0, 8, 29):
        moved = pose.copy()
        moved[k] += step
        np.testing.assert_allclose((model.predict(moved) - outputs) / step, slope[:, k], rtol=1e-2,
                                   atol=1e-5)


def test_a_folder_holds_the_model(tmp_path, model):
    model.save(tmp_path)
    read = load_forward_model(tmp_path)
    poses = observed(5, seed=3).controls
    np.testing.assert_allclose(read.predict(poses), model.predict(poses), atol=1e-4)
    assert read.config.names == SPEC.names and len(read.config.error) == len(OUTPUTS)


def test_a_fit_is_repeatable():
    few = observed(60)
    options = FitOptions(hidden=4, steps=20)
    first, second = fit(SPEC, few, options), fit(SPEC, few, options)
    np.testing.assert_array_equal(first.weights['C'], second.weights['C'])


def test_the_mean_of_networks_predicts_better_than_each():
    few, other = observed(150), observed(100, seed=1)
    errors = [np.abs(fit(SPEC, few, FitOptions(members=count, hidden=16, steps=150, seed=seed)
                         ).predict(other.controls)[:, :52] - other.expression).mean()
              for count, seed in ((1, 0), (1, 1), (1, 2), (3, 0))]
    assert errors[3] < np.mean(errors[:3])


def test_too_few_poses_are_refused():
    with pytest.raises(ObservationsError, match='12 poses with a face are too few'):
        fit(SPEC, observed(12), QUICK)


def test_a_damaged_folder_is_named(tmp_path, model):
    with pytest.raises(ForwardModelError, match='config.yaml'):
        load_forward_model(tmp_path)
    model.save(tmp_path)
    weights = tmp_path / 'weights.safetensors'
    weights.write_bytes(weights.read_bytes()[:-8])
    with pytest.raises(ForwardModelError, match=r'cannot read .*weights\.safetensors'):
        load_forward_model(tmp_path)
    (tmp_path / 'config.yaml').write_text('family: bc_z\n')
    with pytest.raises(ForwardModelError, match='holds no forward model'):
        load_forward_model(tmp_path)
