"""The losses of the references, with their networks, images and weights."""
from __future__ import annotations

from typing import Any

import pytest
import torch
from helpers.golden_data import Golden

from ros_animate.networks import build_networks, find_family
from ros_animate.networks.fomm.equivariance import Deformation
from ros_animate.networks.monkey_net import Keypoints
from ros_animate.networks.perceptual import Vgg19
from ros_animate.training.animation.objectives import face_vid2vid, fomm, monkey_net
from ros_animate.training.animation.objectives.base import (
    DiscriminatorObjective,
    TrainingObjective,
    UncastInput,
)
from ros_animate.training.animation.output import AnimationOutput
from ros_animate.training.animation.pairs import PairBatch
from ros_animate.training.animation.perceptual_features import StructureFeatures


def batch(golden: Golden) -> PairBatch:
    """Source to driving."""
    driving = golden.image('driving_1')
    return PairBatch(golden.image('source'), driving, driving)


def filled(golden: Golden, family: str, config: Any) -> dict[str, Any]:
    nets = build_networks(family, config)
    return {name: golden.fill(name, net) for name, net in nets.items()}


def vgg(golden: Golden) -> Any:
    """VGG-19, whose weights are all larger by the root of 2."""
    golden.rows = [*golden.rows, {'key': 'vgg.', 'mult': 'sqrt2', 'base': 0}]
    return golden.fill('vgg', Vgg19())


def deformation(golden: Golden) -> Deformation:
    affine = torch.eye(2, 3) + golden.vector('tps_theta', (1, 2, 3), 0.05)
    return Deformation(affine, golden.vector('tps_params', (1, 1, 25), 0.005).flatten(1))


def discriminator_loss(objective: TrainingObjective, target: torch.Tensor,
                       output: AnimationOutput) -> torch.Tensor:
    return DiscriminatorObjective(objective)(UncastInput(target, output)).detach()


def test_fomm(monkeypatch) -> None:
    golden = Golden('fomm')
    config = find_family('fomm').Config()
    nets = filled(golden, 'fomm', config)
    objective = fomm.FommObjective(nets, fomm.FommOptions(gan=1.0), vgg(golden)).eval()
    monkeypatch.setattr(fomm, 'random_deformation', lambda *_: deformation(golden))
    terms, output = objective(UncastInput(batch(golden), torch.Generator()))
    terms['disc_gan'] = discriminator_loss(objective, batch(golden).target, output)
    names = {'gan': 'gen_gan'}
    for name, value in terms.items():
        golden.check(f'loss/{names.get(name, name)}', value.detach())
    assert not golden.unchecked(tuple(e for e in golden.entries if not e.startswith('loss/')))


def test_monkey_net() -> None:
    """Losses of the image that relative motion gives, as the file has it."""
    golden = Golden('monkey_net')
    nets = filled(golden, 'monkey_net', find_family('monkey_net').Config())
    options = monkey_net.MonkeyNetOptions()
    objective = monkey_net.MonkeyNetObjective(nets, options, StructureFeatures())
    objective.eval()
    source, first, driving = (nets['kp_detector'](golden.image(name))
                              for name in ('source', 'driving_0', 'driving_1'))
    moved = Keypoints(source.mean + driving.mean - first.mean, driving.covariance)
    prediction = nets['generator'](golden.image('source'), source, moved).prediction
    output = AnimationOutput(prediction, source.mean, moved.mean, prediction,
                             condition=(driving.mean, driving.covariance))
    terms = objective.image_terms(output, batch(golden))
    expected = torch.from_numpy(golden.values['loss/generator_terms'])
    assert terms['gan'].item() == pytest.approx(float(expected[-1]), rel=1e-4)
    assert terms['feature_matching'].item() == pytest.approx(float(expected[:-1].sum()), rel=1e-4)
    golden.check('loss/discriminator_terms',
                 discriminator_loss(objective, batch(golden).target, output)[None])


@pytest.mark.slow
def test_face_vid2vid(monkeypatch) -> None:
    golden = Golden('face_vid2vid')
    nets = filled(golden, 'face_vid2vid', find_family('face_vid2vid').Config())
    options = face_vid2vid.FaceVid2vidOptions(head_pose=0.0)
    objective = face_vid2vid.FaceVid2vidObjective(nets, options, vgg(golden)).eval()
    monkeypatch.setattr(face_vid2vid, 'random_deformation', lambda *_: deformation(golden))
    pair = batch(golden)
    terms, output = objective(UncastInput(pair, torch.Generator()))
    names = {'gan': 'hinge/gen_gan', 'keypoint_prior': 'keypoint'}
    for name, value in terms.items():
        golden.check(f'loss/{names.get(name, name)}', value.detach())
    golden.check('loss/hinge/disc_gan', discriminator_loss(objective, pair.target, output))
    objective.hinge = False  # type: ignore[misc]
    golden.check('loss/ls/gen_gan', objective.adversarial_terms(output, pair)['gan'].detach())
    golden.check('loss/ls/disc_gan', discriminator_loss(objective, pair.target, output))
    assert not golden.unchecked(tuple(e for e in golden.entries if not e.startswith('loss/')))
