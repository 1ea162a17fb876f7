"""Images from the float32 engine, compared with the golden vectors of the references."""
from __future__ import annotations

import dataclasses
import gc

import pytest
import test_golden_face_vid2vid as vid2vid
import test_golden_live_portrait as portrait
import torch
from helpers.golden_data import Golden
from torch import Tensor, nn

from ros_animate.checkpoints.variants import load_config
from ros_animate.inference.engine import EngineOptions, prepare
from ros_animate.networks import build_networks, fomm, monkey_net
from ros_animate.networks.x2face import DRIVING, EMBEDDING

pytestmark = pytest.mark.slow
FLOAT32 = EngineOptions(precision='float32')
MONKEY_NET = {'nemo': Golden('monkey_net', 'golden'), 'vox256': Golden('monkey_net',
                                                                       'golden_vox256')}
FOMM, X2FACE = Golden('fomm'), Golden('x2face')


@pytest.fixture(autouse=True)
def memory_is_given_back():
    """Prepared networks, of up to 700 MB, are in circles of references (torch.fx)."""
    yield
    gc.collect()


def engine(golden: Golden, networks: dict[str, nn.Module], name: str,
           stored_as: str = '') -> nn.Module:
    """The network `name` with golden weights, as the engine runs it; `networks` loses it."""
    return prepare(golden.fill(stored_as or name, networks.pop(name)), FLOAT32)


@pytest.mark.parametrize('variant', MONKEY_NET)
@pytest.mark.parametrize('align_corners', [True, False])
@torch.inference_mode()
def test_golden_monkey_net(variant: str, align_corners: bool) -> None:
    golden = MONKEY_NET[variant]
    config = load_config('monkey_net', variant)
    nets = build_networks('monkey_net', dataclasses.replace(config, align_corners=align_corners))
    source = golden.image('source')
    kp_source = engine(golden, nets, 'kp_detector')(source)
    generator = engine(golden, nets, 'generator')
    features = generator.encode(source)
    prefix = f'align_corners_{str(align_corners).lower()}'
    for rule in ('relative', 'relative_adapt_variance', 'absolute'):
        for entry, frame in (('prediction', 1), ('prediction_frame2', 2)):
            name = f'{prefix}/{rule}/{entry}'
            if name not in golden.entries:
                continue
            kp_driving = monkey_net.Keypoints(*(golden.stored(f'norm/{rule}/{part}')[0, frame][None]
                                                for part in ('mean', 'var')))
            golden.check(name, shaped(generator.render(features, kp_source, kp_driving),
                                      golden, name))


def shaped(image: Tensor, golden: Golden, name: str) -> Tensor:
    return image.reshape(golden.entries[name]['full_shape'])


@pytest.mark.parametrize('align_corners', [True, False])
@torch.inference_mode()
def test_golden_fomm(align_corners: bool) -> None:
    for name, image in fomm_images(align_corners).items():
        FOMM.check(name, image)


@pytest.mark.parametrize('align_corners', [True, False])
@torch.inference_mode()
def test_golden_x2face(align_corners: bool) -> None:
    nets = build_networks('x2face', {'align_corners': align_corners})
    embedding, driver = (engine(X2FACE, nets, name, stored_as=f'x2face.{name}')
                         for name in (EMBEDDING, DRIVING))
    source, driving, other = (X2FACE.image(name) for name in ('source', 'driving_1', 'driving_2'))
    vector = driver.encode(driving)
    faces = {'one_source': embedding.embed(source), 'two_sources': embedding.embed(source, other)}
    for name, face in faces.items():
        prefix = 'align_corners' if align_corners else 'no_align_corners'
        X2FACE.check(f'{prefix}/{name}', driver.render(face, vector))


@torch.inference_mode()
def test_golden_fomm_notices_a_wrong_weight() -> None:
    images = fomm_images(True, change=lambda generator: generator.bottleneck[3].conv1)
    with pytest.raises(AssertionError, match='off by'):
        for name, image in images.items():
            FOMM.check(name, image)


def fomm_images(align_corners: bool, change=None) -> dict[str, Tensor]:
    nets = build_networks('fomm', fomm.Config(align_corners=align_corners))
    source = FOMM.image('source')
    kp_source = engine(FOMM, nets, 'kp_detector')(source)
    generator = engine(FOMM, nets, 'generator')
    if change is not None:
        change(generator).bias += 0.05
    features = generator.encode(source)
    out = {}
    for rule in ('relative_jacobian_adapt', 'relative', 'absolute'):
        kp_driving = fomm.Keypoints(FOMM.stored(f'norm/{rule}/value'),
                                    FOMM.stored(f'norm/{rule}/jacobian'))
        prefix = f'align_corners_{str(align_corners).lower()}/{rule}/'
        names = [prefix + name for name in ('prediction', 'prediction_crop')
                 if prefix + name in FOMM.entries]
        if names:
            image = generator.render(features, kp_source, kp_driving)
            out |= dict.fromkeys(names, image)
    return out


@pytest.mark.slow
@pytest.mark.parametrize('variant, name', [('vox256', 'generator'),
                                           ('vox256_spade', 'generator_spade')])
@torch.inference_mode()
def test_golden_face_vid2vid(variant: str, name: str) -> None:
    golden = vid2vid.GOLDEN
    nets = build_networks('face_vid2vid', load_config('face_vid2vid', variant))
    generator = engine(golden, nets, 'generator', stored_as=name)
    keypoints, _ = vid2vid.synthetic_keypoints()
    image = generator.render(generator.encode(golden.image('source')), keypoints['source'],
                               golden.stored('norm/relative/kp'))
    golden.check(f'{name}/relative/prediction', image)
    golden.check(f'{name}/relative/prediction_crop', image)


@pytest.mark.slow
@torch.inference_mode()
def test_golden_live_portrait() -> None:
    golden, nets = portrait.GOLDEN, build_networks('live_portrait')
    source, driving = (portrait.keypoints(portrait.synthetic(who))
                       for who in ('source', 'driving_1'))
    volume = engine(golden, nets, 'appearance_feature_extractor')(golden.image('source'))
    warped = engine(golden, nets, 'warping_module')(volume, source, driving)
    image = engine(golden, nets, 'spade_generator')(warped.features)
    golden.check('warp/syn/out', warped.features)
    golden.check('generator/syn/out', image)
    golden.check('generator/syn/out_crop', image)
