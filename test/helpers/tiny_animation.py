"""Command lines that train tiny networks of every family."""
import pathlib

from helpers.coloured_clips import write_frames

SMALLEST = {
    'fomm': {'image_size': 32, 'num_keypoints': 3, 'keypoint_features': 8, 'keypoint_levels': 2,
             'motion_features': 8, 'motion_levels': 2, 'hourglass_features': 8,
             'generator_features': 8, 'max_features': 8, 'generator_levels': 1,
             'bottleneck_blocks': 1, 'discriminator_features': 8,
             'discriminator_max_features': 8, 'discriminator_levels': 2},
    'x2face': {'image_size': 32, 'block_expansion': 8, 'max_features': 8, 'driving_features': 8},
    'monkey_net': {'image_size': 32, 'num_keypoints': 3, 'block_expansion': 8, 'max_features': 8,
                   'keypoint_levels': 2, 'motion_levels': 2, 'generator_levels': 2,
                   'group_blocks': 1, 'refinement_blocks': 1, 'discriminator_features': 8,
                   'discriminator_levels': 2, 'motion_step': 1},
    'face_vid2vid': {'image_size': 32, 'num_keypoints': 3, 'block_expansion': 8,
                     'max_features': 8, 'volume_channels': 8, 'volume_depth': 7,
                     'volume_blocks': 1, 'motion_channels': 8, 'motion_features': 8,
                     'motion_max_features': 8,
                     'motion_levels': 2, 'decoder_blocks': 1, 'keypoint_features': 8,
                     'keypoint_max_features': 8, 'keypoint_levels': 2, 'pose_features': 8,
                     'discriminator_features': 8, 'discriminator_max_features': 8,
                     'discriminator_levels': 2},
    'live_portrait': {'image_size': 32, 'num_keypoints': 12, 'block_expansion': 8,
                      'max_features': 8, 'volume_channels': 8, 'volume_depth': 7,
                      'volume_blocks': 1, 'motion_channels': 8, 'motion_features': 8,
                     'motion_max_features': 8,
                      'motion_levels': 2, 'spade_blocks': 1, 'spade_hidden': 8,
                      'dims': [8, 8, 8, 8], 'depths': [1, 1, 1, 1]},
    'warp_guided': {'image_size': 32, 'features': 8, 'max_features': 8, 'levels': 2, 'blocks': 1}}
TRAINING = {'batch_size': 2, 'scales': [1.0, 0.5], 'looks': 2, 'held_out': 2}


def make_clips(folder: pathlib.Path) -> pathlib.Path:
    """A folder of six clips of four frames."""
    for clip in range(6):
        write_frames(folder / f'clip_{clip}', clip)
    return folder


def arguments(model: str, data: str | pathlib.Path, run: pathlib.Path, steps: int,
              **settings) -> list[str]:
    """Arguments of `ros_animate train animation --quiet`; `settings` replace the smallest ones."""
    values = {**SMALLEST[model], **TRAINING, **settings}
    return ['train', 'animation', '--animator', model, '--data', str(data), '--output', str(run),
            '--steps', str(steps), '--quiet',
            *(f'--set={key}={value}' for key, value in values.items())]
