"""The networks of the animators and policies: tensors in, tensors out, no files.

`build_networks(family)` gives a family's sub-networks by the names of its published checkpoints,
with the published state-dict names and shapes. A family is a package (`Family`) with a frozen
`Config`, a function `build`, and a docstring that says what its sub-networks take and give. It is
imported on demand.

| module | contents |
|---|---|
| layers | convolution blocks, layer types for images, clips and volumes |
| hourglass | encoder, decoder, hourglass |
| discriminator | patch discriminators |
| resnet | residual blocks with the names of published weights |
| sampling | coordinate grids, heat maps, warps |
| generator_output | output of the generators of Monkey-Net and FOMM |
| perceptual | pretrained networks of training losses: VGG-19, Hopenet |
| lpips | perceptual similarity of images |
| policy_network | the contract of policy networks |
| actions | configuration of policy networks: controls, ranges, normalisation |
| feature_points | feature points by spatial softmax |
| monkey_net, x2face, fomm, face_vid2vid, live_portrait, warp_guided | families of the animators |
| x2cnet, bc_z, motion_mlp | families of the policies |
"""
from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

from torch import nn

from ros_animate import configuration
from ros_animate.errors import shown

FAMILIES = ('monkey_net', 'x2face', 'fomm', 'face_vid2vid', 'live_portrait', 'warp_guided',
            'x2cnet', 'bc_z', 'motion_mlp')


class Family(Protocol):
    """The package of a family of networks.

    Attributes:
        Config: Frozen dataclass of the networks' options, made with `configuration.option`.
        build: Config to the freshly initialised sub-networks by their published names.
    """

    Config: type[Any]
    build: Callable[[Any], dict[str, nn.Module]]


def build_networks(family: str, config: Any = None) -> dict[str, nn.Module]:
    """The sub-networks of a family, freshly initialised, by their published names.

    Args:
        family: One of FAMILIES.
        config: The family's `Config`, a mapping of its fields, or None for the defaults.

    Raises:
        ConfigurationError: There is no such family, or an option is wrong.
    """
    package = find_family(family)
    if config is None or isinstance(config, Mapping):
        config = configuration.build(package.Config, config, f'model ({family})')
    return package.build(config)


def find_family(family: str) -> Family:
    """The package of a family; raises ConfigurationError with the choices if there is none."""
    if family not in FAMILIES:
        raise configuration.ConfigurationError(
            f'unknown model family {shown(family)}; {configuration.suggest(family, FAMILIES)}')
    return cast(Family, importlib.import_module(f'ros_animate.networks.{family}'))
