"""Where weights come from, where they are on this machine, how a family's are found and loaded."""
from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ros_animate import configuration
from ros_animate.checkpoints import checkpoint
from ros_animate.checkpoints.checkpoint import Checkpoint, CheckpointError
from ros_animate.errors import UserError
from ros_animate.networks import FAMILIES, find_family

VARIABLE = 'ROS_ANIMATE_WEIGHTS'


class WeightsNotFoundError(UserError):
    """There are no weights of a family on this machine; the message says what to put where."""


@dataclass(frozen=True)
class Published:
    """Weights that somebody publishes, or that are trained here.

    Attributes:
        family: One of FAMILIES.
        title: What it is.
        where: Page with the links, or the command.
        licence: Of the weights.
        size: Of what is downloaded.
        files: Names of the files.
    """

    family: str
    title: str
    where: str
    licence: str
    size: str
    files: str


def _own(family: str, name: str, size: str) -> Published:
    """A small animator that comes with this package."""
    return Published(family, f'{name} of this package, small, 128 px, trained on synthetic faces',
                     f'`ros_animate train animation --model {family} --data synthetic`',
                     'as its data; Apache-2.0 where it comes with this package', size,
                     'weights.safetensors, config.yaml')


CATALOGUE = (
    Published('monkey_net', 'Monkey-Net (Siarohin et al., CVPR 2019)',
              'https://github.com/AliaksandrSiarohin/monkey-net',
              'none stated: ask the authors before any use',
              '114 MB of weights (nemo, 64 pixels) to 379 MB (vox, 256 pixels), about three times '
              'as much with the optimizer state that the files carry',
              '<epoch>-checkpoint.pth.tar'),
    _own('monkey_net', 'Monkey-Net', '6.5 MB'),
    Published('fomm', 'First Order Motion Model (Siarohin et al., NeurIPS 2019)',
              'https://github.com/AliaksandrSiarohin/first-order-model (section "Pre-trained '
              'checkpoint")', 'MIT',
              '240 MB of weights; 751 MB with optimizer state (vox-adv)',
              'vox-cpk.pth.tar, vox-adv-cpk.pth.tar, taichi-cpk.pth.tar'),
    _own('fomm', 'First Order Motion Model', '4 MB'),
    Published('face_vid2vid', 'face-vid2vid (Wang et al., CVPR 2021), open re-implementation',
              'https://github.com/zhanglonghao1992/'
              'One-Shot_Free-View_Neural_Talking_Head_Synthesis (section "Pretrained Model")',
              'CC BY-NC 4.0: no commercial use',
              '501 MB of weights (original generator), 693 MB (SPADE generator)',
              '<epoch>-checkpoint.pth.tar'),
    Published('live_portrait', 'LivePortrait (Guo et al., 2024), human model',
              'https://huggingface.co/KwaiVGI/LivePortrait (folder liveportrait)',
              'MIT (the face detector that comes with it is non-commercial and not needed here)',
              '500 MB', 'base_models/{appearance_feature_extractor, motion_extractor, '
              'warping_module, spade_generator}.pth, '
              'retargeting_models/stitching_retargeting_module.pth'),
    Published('live_portrait', "LivePortrait's base models fine-tuned on Ameca (VividFace, 2026)",
              'https://github.com/lipzh5/VividFace (section "Pre-trained Models")', 'MIT',
              '500 MB', '*_net_F.pth, *_net_M.pth, *_net_W.pth, *_net_G.pth, and the '
              'stitching_retargeting_module.pth of LivePortrait'),
    Published('x2cnet', 'X2CNet mapping network, robot picture to 30 controls of Ameca',
              'https://github.com/lipzh5/X2CNet or https://github.com/lipzh5/VividFace (section '
              '"Pre-trained Models")', 'MIT', '46 MB of weights, 140 MB with optimizer state',
              'x2control.pth'),
    Published('bc_z', 'BC-Z policy (after Jang et al., CoRL 2021), robot picture and task to '
              'action chunks', '`ros_animate train policy --policy bc_z`',
              'as its data; Apache-2.0 where it comes with this package', '9 MB',
              'weights.safetensors, config.yaml'),
    Published('motion_mlp', 'policy in feature space, blendshapes and head angles to action chunks',
              '`ros_animate train policy --policy motion_mlp`',
              'as its data; Apache-2.0 where it comes with this package', '1 MB',
              'weights.safetensors, config.yaml'),
)


def user_folder() -> pathlib.Path:
    """Where a user's weights belong, one folder per family."""
    cache = os.environ.get('XDG_CACHE_HOME') or '~/.cache'
    return pathlib.Path(cache).expanduser() / 'ros_animate' / 'weights'


def locate(family: str, explicit: str | os.PathLike[str] = '') -> pathlib.Path:
    """The checkpoint of a family: explicit, ROS_ANIMATE_WEIGHTS, user cache, package's weights/.

    Raises:
        WeightsNotFoundError: There is none; the message says what to put where.
    """
    if explicit:
        path = pathlib.Path(explicit).expanduser()
        if not path.exists():
            raise WeightsNotFoundError(f'there are no weights at {path}')
        return path
    named = os.environ.get(VARIABLE)
    if named and (found := _in_named(family, pathlib.Path(named).expanduser())):
        return found
    for folder in (user_folder(), *_package_folder()):
        for path in _candidates(family, folder):
            return path
    raise WeightsNotFoundError(_advice(family))


def read(family: str, explicit: str | os.PathLike[str] = '') -> Checkpoint:
    """The checkpoint that `locate` finds."""
    return checkpoint.read(locate(family, explicit), family)


def load(family: str, explicit: str | os.PathLike[str], names: Sequence[str],
         optional: Sequence[str] = ()) -> tuple[Any, dict[str, Any]]:
    """(Config, sub-networks with weights) of the checkpoint that `locate` finds."""
    found = read(family, explicit)
    return found.config, dict(found.load(names, optional))


def _in_named(family: str, path: pathlib.Path) -> pathlib.Path | None:
    """In what the user's variable names: one checkpoint, or a folder with one per family."""
    if not path.exists():
        raise WeightsNotFoundError(f'{VARIABLE} names {path}, which is not there')
    for candidate in _candidates(family, path) if path.is_dir() else ():
        return candidate
    try:
        return path if checkpoint.read(path).family == family else None
    except CheckpointError:  # several models, or none, are directly in this folder
        return None


def _candidates(family: str, folder: pathlib.Path) -> Iterator[pathlib.Path]:
    if (folder / family).is_dir() and any((folder / family).iterdir()):
        yield folder / family
    yield from sorted(f for f in folder.glob(f'{family}.*') if f.suffix in checkpoint.SUFFIXES)


def _package_folder() -> Iterator[pathlib.Path]:
    try:
        yield configuration.resource('weights')
    except FileNotFoundError:
        return


def _advice(family: str) -> str:
    if family not in FAMILIES:
        find_family(family)
    sources = [f'{p.where}, licence {p.licence}' for p in CATALOGUE if p.family == family]
    return (f'no weights of {family} on this machine: put the files from '
            f'{" or ".join(sources)}, into {user_folder() / family}, or name them with --weights '
            f'(option weights) or {VARIABLE}; `ros_animate weights list` tells more')
