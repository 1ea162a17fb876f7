"""How a policy is trained."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.configuration import option


@dataclass(frozen=True)
class TrainOptions:
    """What `--set` changes, besides the options of the network."""

    optimizer: str = option('muon', 'muon learns from fewer pictures (see training/muon.py)',
                            choices=('muon', 'adamw'))
    learning_rate: float = option(1e-3, 'of AdamW at its peak', low=0.0)
    weight_decay: float = option(0.05, 'of AdamW', low=0.0)
    warm_up: float = option(0.05, 'part of the steps in which the rate rises', low=0.0, high=0.9)
    final_rate: float = option(0.01, 'what the cosine leaves of the rate', low=0.0, high=1.0)
    clip: float = option(1.0, 'most norm of the gradient; 0: any', low=0.0)
    huber_delta: float = option(0.1, 'where the loss becomes linear, of [-1, 1]', low=1e-6)
    feature_weight: float = option(0.01, "of 1 - cosine between a picture's features and its "
                                         "twin's, where there are twins", low=0.0)
    landmark_weight: float = option(1.0, 'of the distance between feature points and landmarks, '
                                         'where a data set has them', low=0.0)
    geometry_batch: int = option(512, 'sets of landmarks a step from which controls are learned '
                                      'without a picture', low=0)
    geometry_first: float = option(1.0, 'steps from such sets alone before the first picture, as a '
                                        'part of the steps', low=0.0, high=100.0)
    locate: float = option(0.0, 'part of the steps, the first ones, in which the early layers '
                                'learn to find landmarks and the late ones are left out; the rate '
                                'rises and falls anew after them', low=0.0, high=1.0)
    task_noise: float = option(0.1, 'standard deviation of the noise on task embeddings', low=0.0)
    average: float = option(0.998, 'decay of the running average of the weights, which is what is '
                                   'kept; 0: the last weights', low=0.0, high=0.99999)
    precision: str = option('auto', 'auto: bf16 on a GPU and on a CPU with units for it',
                            choices=('auto', 'float32', 'bf16'))
    seed: int = option(0, 'of the weights at the start, the order of the pairs, augmentation, '
                          'noise', low=0)
    validation: float = option(0.05, 'part of the pairs that is only looked at', low=0.0, high=0.5)
    validation_most: int = option(1000, 'pairs that a look at them takes at most', low=1)
    looks: int = option(20, 'how often the validation error is taken', low=1)
    checkpoint_steps: int = option(200, 'steps between checkpoints', low=1)
    memory_gb: float = option(4.0, 'decoded pictures are kept if they need no more', low=0.0)
    coarse: float = option(0.5, 'part of the steps that see smaller pictures (x2cnet)',
                           low=0.0, high=1.0)
    coarse_size: int = option(0, 'side of those pictures; 0: none are smaller', low=0)
    colour: float = option(0.15, 'jitter of brightness, contrast and saturation', low=0.0, high=1.0)
    shift: float = option(0.03, 'most shift of the picture, of its side', low=0.0, high=0.5)
    zoom: float = option(0.05, 'most change of its size', low=0.0, high=0.5)
    turn_deg: float = option(1.5, 'most turn', low=0.0, high=45.0)
    noise: float = option(0.01, 'most standard deviation of the noise, of white', low=0.0)
    blur: float = option(0.2, 'part of the pictures that are blurred', low=0.0, high=1.0)
    jpeg: float = option(0.1, 'part of the pictures with the blocks of a JPEG', low=0.0, high=1.0)
