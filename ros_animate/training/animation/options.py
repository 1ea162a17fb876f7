"""How the animation networks are trained; the defaults are the references' own."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.configuration import option


@dataclass(frozen=True)
class AnimationOptions:
    """What `--set` changes, besides the options of the network and of the data."""

    learning_rate: float = option(2e-4, 'of Adam, for every network', low=0.0)
    beta1: float = option(0.5, "Adam's first momentum", low=0.0, high=0.999)
    beta2: float = option(0.999, "Adam's second momentum", low=0.0, high=0.99999)
    warm_up: float = option(0.0, 'part of the steps in which the rate rises', low=0.0, high=0.9)
    milestones: tuple[float, ...] = option((0.6, 0.9), 'parts of the steps after which the rate '
                                           'is a tenth of what it was')
    clip: float = option(0.0, 'most norm of the gradient; 0: any', low=0.0)
    average: float = option(0.999, 'decay of the running average of the weights, which is what is '
                                   'kept; 0: the last weights', low=0.0, high=0.99999)
    precision: str = option('auto', 'auto: bf16 on a GPU and on a CPU with units for it',
                            choices=('auto', 'float32', 'bf16'))
    seed: int = option(0, 'of the weights at the start, the pairs, the deformations', low=0)
    looks: int = option(20, 'how often held-out pairs are looked at and drawn', low=1)
    held_out: int = option(32, 'how many such pairs', low=1)
    checkpoint_steps: int = option(200, 'steps between checkpoints', low=1)
    tower: str = option('structure', 'what pictures are compared by: structure (gradients and '
                                     'local contrast, needs no weights), bc_z (our own face '
                                     'network), vgg19 (weights of VGG-19, by tower_weights)')
    tower_weights: str = option('', "the tower's checkpoint; empty: looked for (bc_z)")
    scales: tuple[float, ...] = option((1.0, 0.5, 0.25, 0.125), 'of the pictures that the tower '
                                                                'sees')
    perceptual: float = option(10.0, 'weight of each level of the tower', low=0.0)
    emphasis: float = option(0.0, 'how much more the brows, eyes and mouth count in pictures with '
                                  'known landmarks', low=0.0)
    gan: float = option(0.0, "weight of the discriminator's judgement", low=0.0)
    feature_matching: tuple[float, ...] = option((10.0, 10.0, 10.0, 10.0), 'weights of the maps '
                                                 'of the discriminator, where there is one')
    guide: float = option(0.0, 'weight that holds the first keypoints to landmarks of the brows, '
                               'eyes and mouth where they are known (LivePortrait, eq. 18)',
                          low=0.0)
    sigma_affine: float = option(0.05, 'of the random affine maps', low=0.0)
    sigma_spline: float = option(0.005, 'of the random thin-plate splines', low=0.0)
    spline_points: int = option(5, 'control points of a spline along each side', low=2)


@dataclass(frozen=True)
class FommOptions(AnimationOptions):
    """vox-256; with gan=1 it is vox-adv."""

    batch_size: int = option(40, 'pairs a step, over all processes', low=1)
    equivariance_value: float = option(10.0, 'weight of eq. (14) for keypoints', low=0.0)
    equivariance_jacobian: float = option(10.0, 'weight of eq. (14) for Jacobians', low=0.0)


@dataclass(frozen=True)
class MonkeyNetOptions(AnimationOptions):
    """nemo and taichi."""

    batch_size: int = option(32, 'pairs a step, over all processes', low=1)
    milestones: tuple[float, ...] = option((2 / 3,), 'parts of the steps after which the rate is '
                                           'a tenth of what it was')
    perceptual: float = option(0.0, 'weight of each level of the tower', low=0.0)
    gan: float = option(1.0, "weight of the discriminator's judgement, eq. (4)", low=0.0)
    feature_matching: tuple[float, ...] = option((10.0, 10.0, 10.0, 10.0, 1.0), 'weights of the '
                                                 'picture and of the maps of the discriminator, '
                                                 'eq. (5)')
    deformed: float = option(0.0, 'weight of the distance to the warped source picture', low=0.0)


@dataclass(frozen=True)
class FaceVid2vidOptions(AnimationOptions):
    """vox-256 of the open re-implementation."""

    batch_size: int = option(32, 'pairs a step, over all processes', low=1)
    milestones: tuple[float, ...] = option((0.6,), 'parts of the steps after which the rate is a '
                                           'tenth of what it was')
    gan: float = option(1.0, "weight of the discriminator's judgement (hinge)", low=0.0)
    equivariance_value: float = option(10.0, 'weight of eq. (11), on x and y', low=0.0)
    keypoint_prior: float = option(10.0, 'weight of eq. (12)', low=0.0)
    head_pose: float = option(20.0, 'weight of eq. (13), in degrees; needs data with labels, or '
                                    'hopenet', low=0.0)
    expression: float = option(5.0, 'weight of eq. (14)', low=0.0)
    hopenet: str = option('', 'weights of Hopenet, which tells the angles of pictures without '
                              'labels; empty: the face tracker does')


@dataclass(frozen=True)
class LivePortraitOptions(FaceVid2vidOptions):
    """The authors tell no weights: those of face-vid2vid, and our own where it has none."""

    stage: int = option(1, '1: appearance, motion, warping, decoder; 2: stitching and retargeting '
                           'alone, on the weights given by --init', low=1, high=2)
    guide: float = option(10.0, 'weight of the guide, eq. (18)', low=0.0)
    feature_matching: tuple[float, ...] = option((10.0,) * 12, 'weights of the maps of the '
                                                 'discriminators of picture, face and lips')
    cascade: float = option(1.0, 'weight of the perceptual terms of face and lips by themselves',
                            low=0.0)
    face_id: float = option(0.0, "weight of 1 - cosine of the tower's last maps of the face",
                            low=0.0)
    condition: float = option(1.0, 'stage 2: weight of how far eyes and lips are open', low=0.0)
    regularity: float = option(0.1, 'stage 2: weight of the size of what is added to keypoints',
                               low=0.0)
