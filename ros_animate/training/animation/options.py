"""Options of the training of animation networks; the defaults are those of the references."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.configuration import option


@dataclass(frozen=True)
class AnimationOptions:
    """Options that `--set` changes, besides those of the network and of the data."""

    optimizer: str = option('adam', 'adam, or sgd: stochastic gradient descent with the momentum '
                                    'beta1', choices=('adam', 'sgd'))
    learning_rate: float = option(2e-4, 'learning rate, for every network', low=0.0)
    beta1: float = option(0.5, "Adam's first momentum", low=0.0, high=0.999)
    beta2: float = option(0.999, "Adam's second momentum", low=0.0, high=0.99999)
    warm_up: float = option(0.0, 'part of the steps in which the rate rises', low=0.0, high=0.9)
    milestones: tuple[float, ...] = option((0.6, 0.9), 'parts of the steps after which the rate '
                                           'falls to a tenth')
    clip: float = option(0.0, 'largest norm of the gradient; 0: no limit', low=0.0)
    average: float = option(0.999, 'decay of the running average of the weights, which is saved; '
                                   '0: the last weights', low=0.0, high=0.99999)
    precision: str = option('auto', 'auto: bf16 on a GPU and on a CPU with bf16 units, else '
                                    'float32', choices=('auto', 'float32', 'bf16'))
    seed: int = option(0, 'seed of the initial weights and the deformations', low=0)
    looks: int = option(20, 'number of validations in the run, each with a sample grid', low=1)
    held_out: int = option(32, 'number of pairs of a validation', low=1)
    checkpoint_steps: int = option(200, 'steps between checkpoints', low=1)
    tower: str = option('structure', 'perceptual features by which images are compared: structure '
                                     '(gradients and local contrast, needs no weights), bc_z (the '
                                     'policy network), vgg19, lpips (weights by tower_weights)')
    tower_weights: str = option('', 'checkpoint of the perceptual features; empty: searched (bc_z)')
    scales: tuple[float, ...] = option((1.0, 0.5, 0.25, 0.125), 'scales of the images for '
                                                                'perceptual features')
    perceptual: float = option(10.0, 'weight of each level of perceptual features', low=0.0)
    emphasis: float = option(0.0, 'additional weight of the brows, eyes and mouth in images with '
                                  'known landmarks', low=0.0)
    gan: float = option(0.0, 'weight of the adversarial loss; 0: no discriminator', low=0.0)
    feature_matching: tuple[float, ...] = option((10.0, 10.0, 10.0, 10.0), 'weights of the '
                                                 "discriminator's maps, where there is one")
    guide: float = option(0.0, 'weight of the distance between the first keypoints and landmarks '
                               'of the face, where they are known (LivePortrait, eq. 18)', low=0.0)
    sigma_affine: float = option(0.05, 'standard deviation of the random affine maps', low=0.0)
    sigma_spline: float = option(0.005, 'standard deviation of the random thin-plate splines',
                                 low=0.0)
    spline_points: int = option(5, 'control points of a spline along each side', low=2)

    @property
    def batch_size(self) -> int:
        """Pairs of a step, over all processes; each family has its own default."""
        raise NotImplementedError

    @property
    def hopenet_weights(self) -> str:
        """Weights of Hopenet; '' without."""
        return ''

    @property
    def second_stage(self) -> bool:
        """True to train the networks of a second stage alone."""
        return False


@dataclass(frozen=True)
class FommOptions(AnimationOptions):
    """Options of FOMM: vox-256, and vox-adv with gan=1."""

    batch_size: int = option(40, 'pairs a step, over all processes', low=1)
    equivariance_value: float = option(10.0, 'weight of eq. (14) for keypoints', low=0.0)
    equivariance_jacobian: float = option(10.0, 'weight of eq. (14) for Jacobians', low=0.0)


@dataclass(frozen=True)
class X2FaceOptions(AnimationOptions):
    """Options of X2Face: those of its public training code."""

    batch_size: int = option(16, 'pairs a step, over all processes', low=1)
    optimizer: str = option('sgd', 'adam, or sgd: stochastic gradient descent with the momentum '
                                   'beta1', choices=('adam', 'sgd'))
    learning_rate: float = option(1e-3, 'learning rate, for every network', low=0.0)
    beta1: float = option(0.9, "momentum, or Adam's first one", low=0.0, high=0.999)
    milestones: tuple[float, ...] = option((), 'parts of the steps after which the rate falls to '
                                               'a tenth')
    perceptual: float = option(0.0, 'weight of each level of perceptual features', low=0.0)
    photometric: float = option(1.0, 'weight of the L1 distance to the target', low=0.0)
    face_id: float = option(0.0, 'weight of 1 - cosine of the last perceptual features of the '
                                 'source and of the source driven by another frame', low=0.0)


@dataclass(frozen=True)
class MonkeyNetOptions(AnimationOptions):
    """Options of Monkey-Net: nemo and taichi."""

    batch_size: int = option(32, 'pairs a step, over all processes', low=1)
    milestones: tuple[float, ...] = option((2 / 3,), 'parts of the steps after which the rate '
                                           'falls to a tenth')
    perceptual: float = option(0.0, 'weight of each level of perceptual features', low=0.0)
    gan: float = option(1.0, 'weight of the adversarial loss, eq. (4)', low=0.0)
    feature_matching: tuple[float, ...] = option((10.0, 10.0, 10.0, 10.0, 1.0), 'weights of the '
                                                 "image and of the discriminator's maps, eq. (5)")
    deformed: float = option(0.0, 'weight of the L1 distance between the warped source and the '
                                  'target', low=0.0)


@dataclass(frozen=True)
class WarpGuidedOptions(AnimationOptions):
    """Options of the warp-guided generator."""

    batch_size: int = option(16, 'pairs a step, over all processes', low=1)
    learning_rate: float = option(1e-3, 'learning rate', low=0.0)
    beta1: float = option(0.9, "Adam's first momentum", low=0.0, high=0.999)
    warm_up: float = option(0.02, 'part of the steps in which the rate rises', low=0.0, high=0.9)
    perceptual: float = option(1.0, 'weight of each level of perceptual features', low=0.0)
    emphasis: float = option(4.0, 'additional weight of the brows, eyes and mouth', low=0.0)
    photometric: float = option(1.0, 'weight of the L1 distance to the target', low=0.0)


@dataclass(frozen=True)
class FaceVid2vidOptions(AnimationOptions):
    """Options of face-vid2vid: vox-256 of the open re-implementation."""

    batch_size: int = option(32, 'pairs a step, over all processes', low=1)
    milestones: tuple[float, ...] = option((0.6,), 'parts of the steps after which the rate '
                                           'falls to a tenth')
    gan: float = option(1.0, 'weight of the adversarial loss (hinge)', low=0.0)
    equivariance_value: float = option(10.0, 'weight of eq. (11), on x and y', low=0.0)
    keypoint_prior: float = option(10.0, 'weight of eq. (12)', low=0.0)
    head_pose: float = option(20.0, 'weight of eq. (13), in degrees; needs data with labels, or '
                                    'hopenet', low=0.0)
    expression: float = option(5.0, 'weight of eq. (14)', low=0.0)
    hopenet: str = option('', 'weights of Hopenet, which estimates the angles of images without '
                              'labels; empty: the face tracker does')

    @property
    def hopenet_weights(self) -> str:
        return self.hopenet


@dataclass(frozen=True)
class LivePortraitOptions(FaceVid2vidOptions):
    """Options of LivePortrait.

    Its authors publish no weights of the terms: these are face-vid2vid's, and our own where it has
    none.
    """

    stage: int = option(1, '1: appearance, motion, warping, decoder; 2: stitching and retargeting '
                           'alone, on the weights given by --init', low=1, high=2)
    guide: float = option(10.0, 'weight of the guide, eq. (18)', low=0.0)
    feature_matching: tuple[float, ...] = option((10.0,) * 12, 'weights of the maps of the '
                                                 'discriminators of image, face and lips')
    cascade: float = option(1.0, 'weight of the perceptual terms of face and lips alone',
                            low=0.0)
    face_id: float = option(0.0, 'weight of 1 - cosine of the last perceptual features of the face',
                            low=0.0)
    condition: float = option(1.0, 'stage 2: weight of the error in the openness of eyes and lips',
                              low=0.0)
    regularity: float = option(0.1, 'stage 2: weight of the size of the offsets of keypoints',
                               low=0.0)

    @property
    def second_stage(self) -> bool:
        return self.stage == 2
