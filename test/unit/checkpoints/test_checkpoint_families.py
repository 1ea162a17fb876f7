"""Checkpoints of every family: recognised by content, loaded strictly, converted."""
from __future__ import annotations

import pathlib
import shutil
from typing import Any

import pytest
import torch
from torch import Tensor

from ros_animate.checkpoints import checkpoint, state_dicts, variants
from ros_animate.checkpoints.checkpoint import CheckpointError
from ros_animate.checkpoints.layout import network_layout
from ros_animate.checkpoints.pickles import UnreadableFileError
from ros_animate.cli import main
from ros_animate.networks import build_networks, find_family
from ros_animate.networks.x2face import DRIVING, EMBEDDING

NETWORKS = {'monkey_net': ('generator', 'kp_detector'), 'fomm': ('generator', 'kp_detector'),
            'face_vid2vid': ('generator', 'kp_detector', 'he_estimator')}
PORTRAIT = ('appearance_feature_extractor', 'motion_extractor', 'warping_module',
            'spade_generator')
STITCHING = {'retarget_shoulder': 'stitching', 'retarget_mouth': 'lip', 'retarget_eye': 'eye'}
PUBLISHED = [(family, variant) for family in NETWORKS for variant in variants.variants(family)]


def state(family: str, network: str, variant: str = '') -> dict[str, Tensor]:
    """Names and shapes of a network; a single number stands for all of a tensor's."""
    config = variants.load_config(family, variant) if variant else None
    layout = network_layout(family, config or find_family(family).Config())
    return {name: torch.tensor(0.01).expand(shape) for name, shape in layout[network].items()}


class Foreign:
    lr = 1e-3


@pytest.mark.parametrize('zipped', [True, False], ids=['zip', 'legacy'])
@pytest.mark.parametrize(('family', 'variant'), PUBLISHED)
def test_training_checkpoints_are_recognised(family: str, variant: str, zipped: bool,
                                             tmp_path: pathlib.Path) -> None:
    content: dict[str, Any] = {name: state(family, name, variant) for name in NETWORKS[family]}
    content['discriminator'] = state(family, 'discriminator', variant)
    content.update(optimizer_generator={'state': {0: {'exp_avg': torch.zeros(3)}}}, epoch=7, it=1)
    path = tmp_path / 'any_name.tar'
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    found = checkpoint.read(path)
    assert found.family == family
    assert found.config == variants.load_config(family, variant)
    assert set(found.networks) == {*NETWORKS[family], 'discriminator'}
    assert set(found.extras) == {'optimizer_generator', 'epoch', 'it'}
    assert not found.problems()


def test_live_portrait_is_a_folder(tmp_path: pathlib.Path) -> None:
    base, other = tmp_path / 'base_models', tmp_path / 'retargeting_models'
    base.mkdir()
    other.mkdir()
    for index, name in enumerate(PORTRAIT):  # VividFace's names say even less
        torch.save(state('live_portrait', name), base / f'33_net_{index}.pth')
    torch.save({key: {f'module.{name}': value for name, value in
                      state('live_portrait', f'stitching_retargeting_module.{ours}').items()}
                for key, ours in STITCHING.items()}, other / 'stitching_retargeting_module.pth')
    (tmp_path / 'landmark.onnx').write_bytes(b'not read')
    found = checkpoint.read(tmp_path, 'live_portrait')
    assert set(found.networks) == {
        *PORTRAIT, *(f'stitching_retargeting_module.{name}' for name in STITCHING.values())}
    assert not found.problems()
    assert checkpoint.read(base / '33_net_0.pth').family == 'live_portrait'
    torch.save(state('live_portrait', PORTRAIT[0]), base / 'again.pth')
    with pytest.raises(CheckpointError, match=f'{PORTRAIT[0]} twice'):
        checkpoint.read(tmp_path)


@pytest.mark.parametrize('zipped', [True, False], ids=['zip', 'legacy'])
@pytest.mark.parametrize('counters', [True, False])
def test_x2face_is_one_module_of_both_networks(counters: bool, zipped: bool,
                                               tmp_path: pathlib.Path) -> None:
    """Batch norms have had counters since torch 0.4.1; the published file is older."""
    weights = {f'{network}.{name}': value for network in (EMBEDDING, DRIVING)
               for name, value in state('x2face', network).items()
               if counters or not name.endswith('num_batches_tracked')}
    momentum = {'state': {0: {'momentum_buffer': torch.zeros(3)}}, 'param_groups': [{'lr': 1e-3}]}
    torch.save({'state_dict': weights, 'optimizer': momentum}, tmp_path / 'x.pth',
               _use_new_zipfile_serialization=zipped)
    found = checkpoint.read(tmp_path / 'x.pth')
    assert (found.family, found.variant) == ('x2face', 'vox256')
    assert set(found.networks) == {EMBEDDING, DRIVING}
    assert found.extras == ('optimizer',) and not found.nested
    assert not found.problems() and not checkpoint.damage(found)


def test_converted_x2face_animates_as_before(tmp_path: pathlib.Path,
                                             capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    config = find_family('x2face').Config(image_size=16, block_expansion=8, max_features=8)
    networks = build_networks('x2face', config)
    folder = checkpoint.Checkpoint(tmp_path, 'x2face', 'tiny', config, {
        name: network.state_dict() for name, network in networks.items()}, ()).save(
            tmp_path / 'tiny')
    weights = {f'{name}.{entry}': value for name, network in networks.items()
               for entry, value in network.state_dict().items()}
    torch.save({'state_dict': weights}, folder / 'x2face_model.pth')
    (folder / checkpoint.WEIGHTS).unlink()
    assert main(['weights', 'convert', str(folder), '--output', str(tmp_path / 'converted')]) == 0
    assert 'x2face (tiny) written' in capsys.readouterr().out
    loaded = checkpoint.read(tmp_path / 'converted').load((EMBEDDING, DRIVING))
    image = torch.rand(1, 3, 16, 16)
    faces = [nets[EMBEDDING].eval().embed(image) for nets in (networks, loaded)]
    torch.testing.assert_close(*faces, rtol=0, atol=0)
    vectors = [nets[DRIVING].eval().encode(image) for nets in (networks, loaded)]
    torch.testing.assert_close(*vectors, rtol=0, atol=0)


@pytest.mark.parametrize('nested', [True, False])
def test_x2cnet_with_a_foreign_configuration(nested: bool, tmp_path: pathlib.Path) -> None:
    weights = state('x2cnet', 'mapping_network')
    torch.save({'opt': Foreign(), 'model': weights, 'optimizer': {}} if nested else weights,
               tmp_path / 'x.pth')
    found = checkpoint.read(tmp_path / 'x.pth')
    assert (found.family, set(found.networks)) == ('x2cnet', {'mapping_network'})
    assert not found.problems()


def test_every_difference_is_listed(tmp_path: pathlib.Path) -> None:
    detector = state('fomm', 'kp_detector')
    lost, bent, *_ = detector
    del detector[lost]
    detector[bent] = torch.zeros(3)
    detector['surplus'] = torch.zeros(1)
    torch.save({'kp_detector': detector}, tmp_path / 'lame.pth')
    found = checkpoint.read(tmp_path / 'lame.pth', 'fomm')
    assert len(found.problems()) == 3
    with pytest.raises(CheckpointError) as error:
        found.load(['kp_detector', 'generator'])
    for text in ('lame.pth', f'kp_detector.{lost} is missing', 'kp_detector.surplus is unexpected',
                 f'kp_detector.{bent} is 3 instead of', 'generator is missing as a whole'):
        assert text in str(error.value)
    with pytest.raises(CheckpointError, match='surplus'):
        found.save(tmp_path / 'converted')


def test_conversion_keeps_everything(tmp_path: pathlib.Path) -> None:
    torch.manual_seed(0)
    network = build_networks('live_portrait')['stitching_retargeting_module.stitching']
    torch.save({'retarget_shoulder': network.state_dict()}, tmp_path / 's.pth')
    found = checkpoint.read(tmp_path / 's.pth')
    folder = found.save(tmp_path / 'converted')
    for path in (folder, folder / checkpoint.WEIGHTS):
        again = checkpoint.read(path)
        assert (again.family, again.variant, again.config) == (
            found.family, found.variant, found.config)
        loaded = again.load(list(found.networks))['stitching_retargeting_module.stitching']
        assert not loaded.training
        for name, value in network.state_dict().items():
            torch.testing.assert_close(loaded.state_dict()[name], value, rtol=0, atol=0)


def test_the_old_layout_of_spectral_norms(tmp_path: pathlib.Path) -> None:
    """Before 1.1 torch stored the divided weight in place of the right singular vector."""
    torch.manual_seed(0)
    layer = torch.nn.utils.spectral_norm(torch.nn.Conv2d(3, 5, 3), n_power_iterations=30)
    layer(torch.randn(1, 3, 8, 8))
    new = {f'conv.{name}': value for name, value in layer.state_dict().items()}
    old = {name: value for name, value in new.items() if not name.endswith('_v')}
    old['conv.weight'] = layer.weight.detach().clone()
    upgraded = state_dicts.current_format(old)
    assert set(upgraded) == set(new)
    torch.testing.assert_close(upgraded['conv.weight_v'], new['conv.weight_v'], rtol=1e-3,
                               atol=1e-4)


@pytest.mark.parametrize('content', [
    {'a': torch.zeros(3)}, {'net': {'layer.weight': torch.zeros(3, 3)}}, {'epoch': 3}, [1, 2],
    {'opt': Foreign()}])
def test_foreign_networks_are_refused(content: Any, tmp_path: pathlib.Path) -> None:
    torch.save(content, tmp_path / 'foreign.pth')
    with pytest.raises(CheckpointError, match=r'(?s)foreign\.pth.*fomm'):
        checkpoint.read(tmp_path / 'foreign.pth')


def test_folders_without_weights_are_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(CheckpointError, match='no weights'):
        checkpoint.read(tmp_path)
    with pytest.raises(UnreadableFileError, match='not there'):
        checkpoint.read(tmp_path / 'nowhere')


def test_the_command_describes_a_file(tmp_path: pathlib.Path,
                                             capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / 'fomm.pth.tar'
    torch.save({name: state('fomm', name) for name in NETWORKS['fomm']}, path)
    assert main(['weights', 'info', str(path)]) == 0
    output = capsys.readouterr().out
    assert 'fomm, configuration vox256' in output
    assert 'every name and shape fits' in output
    assert main(['weights', 'verify', str(path)]) == 0
    damaged = {'kp_detector': {**state('fomm', 'kp_detector')}}
    name = next(iter(damaged['kp_detector']))
    damaged['kp_detector'][name] = damaged['kp_detector'][name] * torch.nan
    torch.save(damaged, path)
    assert main(['weights', 'verify', str(path)]) == 1
    assert f'kp_detector.{name} holds NaN' in capsys.readouterr().out
    path.write_bytes(path.read_bytes()[:5000])
    assert main(['weights', 'info', str(path)]) == 2
    assert 'fomm.pth.tar' in capsys.readouterr().err


def test_changed_bytes_are_found(tmp_path: pathlib.Path) -> None:
    path = tmp_path / 'x.pth'
    torch.save({'retarget_mouth': {name: value.contiguous() for name, value in state(
        'live_portrait', 'stitching_retargeting_module.lip').items()}}, path)
    assert not checkpoint.damage(checkpoint.read(path))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert 'changed' in checkpoint.damage(checkpoint.read(path))[0]


def nested(content: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {'epoch': 7, 'inside': {'model': content}}


@pytest.mark.parametrize('configured', [True, False])
def test_weights_deeper_inside_are_refused_and_nothing_is_converted(
        configured: bool, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = {'kp_detector': state('fomm', 'kp_detector')}
    folder = tmp_path / 'given'
    folder.mkdir()
    torch.save(content, folder / 'whole.pth')
    if configured:
        checkpoint.read(folder).save(tmp_path / 'made')
        shutil.copy(tmp_path / 'made' / checkpoint.CONFIG, folder)
    torch.save(nested(content), folder / 'whole.pth')
    for action in (['verify'], ['info'], ['convert', '--output', str(tmp_path / 'out')]):
        assert main(['weights', *action, str(folder)]) == 2
        message = capsys.readouterr().err
        assert 'inside' in message and message.count('\n') == 1
    assert not list((tmp_path / 'out').glob('*'))


def test_weights_beside_the_ones_that_are_read_are_reported(
        tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = {'kp_detector': state('fomm', 'kp_detector')}
    optimizer = {'state': {0: {'exp_avg': torch.zeros(3)}}, 'param_groups': [{'lr': 0.1}]}
    torch.save({**content, 'optimizer': optimizer}, tmp_path / 'a.pth')
    assert main(['weights', 'verify', str(tmp_path / 'a.pth')]) == 0
    torch.save({**content, **nested(content)}, tmp_path / 'a.pth')
    assert main(['weights', 'verify', str(tmp_path / 'a.pth')]) == 1
    assert 'inside: weights that are not read' in capsys.readouterr().out


def test_weights_that_are_not_finite_are_refused_by_name(tmp_path: pathlib.Path) -> None:
    content = state('fomm', 'kp_detector')
    names = [name for name, value in content.items() if value.is_floating_point()][:30]
    for index, name in enumerate(names):
        content[name].reshape(-1)[0] = (torch.nan, torch.inf)[index % 2]
    torch.save({'kp_detector': content}, tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match=r'a\.pth is damaged.*and 20 more') as error:
        checkpoint.read(tmp_path / 'a.pth').load(['kp_detector'])
    assert f'kp_detector.{names[0]} holds NaN or infinity' in str(error.value)


def test_a_message_names_few_of_many_differences(tmp_path: pathlib.Path) -> None:
    content = state('fomm', 'kp_detector')
    others = {f'surplus{index}': torch.zeros(1) for index in range(40)}
    torch.save({'kp_detector': {**content, **others}}, tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match='and 30 more') as error:
        checkpoint.read(tmp_path / 'a.pth', 'fomm').load(['kp_detector'])
    assert len(str(error.value)) < 1000


def test_written_weights_have_the_users_permissions(tmp_path: pathlib.Path) -> None:
    torch.save({'kp_detector': state('fomm', 'kp_detector')}, tmp_path / 'a.pth')
    folder = checkpoint.read(tmp_path / 'a.pth').save(tmp_path / 'made')
    (tmp_path / 'plain').touch()
    modes = {path.stat().st_mode for path in (*folder.iterdir(), tmp_path / 'plain')}
    assert len(modes) == 1
