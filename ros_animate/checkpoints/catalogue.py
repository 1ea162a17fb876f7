"""Published weights of every family: source, licence, size."""
from __future__ import annotations

from dataclasses import dataclass

_OWN_FILES = 'weights.safetensors, config.yaml'
_OWN_LICENCE = 'as its data; Apache-2.0 where it comes with this package'


@dataclass(frozen=True)
class PublishedWeights:
    """Weights that somebody publishes, or that this package trains.

    Attributes:
        family: One of FAMILIES.
        title: Model and publication.
        source: Page with the links, or the command that trains them.
        licence: Licence of the weights.
        size: Size of the download.
        files: Names of the files.
    """

    family: str
    title: str
    source: str
    licence: str
    size: str
    files: str


def _own_animator(family: str, name: str, side: int, size: str) -> PublishedWeights:
    """The weights of a small animator that this package trains, for images of `side` pixels."""
    return PublishedWeights(
        family, f'{name} of this package, small, {side} px, trained on synthetic faces',
        source=f'`ros_animate train animation --animator {family} --data synthetic`',
        licence=_OWN_LICENCE, size=size, files=_OWN_FILES)


CATALOGUE = (
    PublishedWeights(
        'monkey_net', 'Monkey-Net (Siarohin et al., CVPR 2019)',
        source='https://github.com/AliaksandrSiarohin/monkey-net',
        licence='none stated: ask the authors before any use',
        size='114 MB of weights (nemo, 64 pixels) to 379 MB (vox, 256 pixels), about three times '
             'as much with the optimizer state that the files carry',
        files='<epoch>-checkpoint.pth.tar'),
    _own_animator('monkey_net', 'Monkey-Net', 128, '4 MB'),
    PublishedWeights(
        'x2face', 'X2Face (Wiles, Koepke, Zisserman, ECCV 2018), driven by images, VoxCeleb',
        source='https://github.com/oawiles/X2Face (links to the project page)',
        licence='none stated for the weights (MIT for the code): ask the authors',
        size='259 MB of weights; the optimizer state that the files carry is not read',
        files='x2face_model.pth, x2face_model_forpython3.pth'),
    PublishedWeights(
        'fomm', 'First Order Motion Model (Siarohin et al., NeurIPS 2019)',
        source='https://github.com/AliaksandrSiarohin/first-order-model (section "Pre-trained '
               'checkpoint")',
        licence='MIT',
        size='240 MB of weights; 751 MB with optimizer state (vox-adv)',
        files='vox-cpk.pth.tar, vox-adv-cpk.pth.tar, taichi-cpk.pth.tar'),
    _own_animator('fomm', 'First Order Motion Model', 256, '9 MB'),
    PublishedWeights(
        'face_vid2vid', 'face-vid2vid (Wang et al., CVPR 2021), open re-implementation',
        source='https://github.com/zhanglonghao1992/'
               'One-Shot_Free-View_Neural_Talking_Head_Synthesis (section "Pretrained Model")',
        licence='CC BY-NC 4.0: no commercial use',
        size='501 MB of weights (original generator), 693 MB (SPADE generator)',
        files='<epoch>-checkpoint.pth.tar'),
    PublishedWeights(
        'live_portrait', 'LivePortrait (Guo et al., 2024), human model',
        source='https://huggingface.co/KwaiVGI/LivePortrait (folder liveportrait)',
        licence='MIT (the face detector that comes with it is non-commercial and not needed here)',
        size='500 MB',
        files='base_models/{appearance_feature_extractor, motion_extractor, warping_module, '
              'spade_generator}.pth, retargeting_models/stitching_retargeting_module.pth'),
    PublishedWeights(
        'live_portrait', "LivePortrait's base models fine-tuned on Ameca (VividFace, 2026)",
        source='https://github.com/lipzh5/VividFace (section "Pre-trained Models")',
        licence='MIT',
        size='500 MB',
        files='*_net_F.pth, *_net_M.pth, *_net_W.pth, *_net_G.pth, and the '
              'stitching_retargeting_module.pth of LivePortrait'),
    _own_animator('warp_guided', 'Warp-guided generator', 256, '3 MB'),
    PublishedWeights(
        'x2cnet', 'X2CNet mapping network, robot image to 30 controls of Ameca',
        source='https://github.com/lipzh5/X2CNet or https://github.com/lipzh5/VividFace (section '
               '"Pre-trained Models")',
        licence='MIT',
        size='46 MB of weights, 140 MB with optimizer state',
        files='x2control.pth'),
    PublishedWeights(
        'bc_z', 'BC-Z policy (after Jang et al., CoRL 2021), robot image and task to action chunks',
        source='`ros_animate train policy --policy bc_z`',
        licence=_OWN_LICENCE, size='9 MB', files=_OWN_FILES),
    PublishedWeights(
        'motion_mlp', 'policy in feature space, blendshapes and head angles to action chunks',
        source='`ros_animate train policy --policy motion_mlp`',
        licence=_OWN_LICENCE, size='1 MB', files=_OWN_FILES),
)
