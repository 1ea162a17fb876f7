"""Options of the training of a policy."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.configuration import option


@dataclass(frozen=True)
class TrainOptions:
    """Options that `--set` changes, besides those of the network."""

    optimizer: str = option('muon', 'muon needs fewer images for the same error (see '
                                    'training/core/muon.py)', choices=('muon', 'adamw'))
    learning_rate: float = option(1e-3, 'peak learning rate of AdamW', low=0.0)
    weight_decay: float = option(0.05, 'weight decay of AdamW', low=0.0)
    warm_up: float = option(0.05, 'part of the steps in which the rate rises', low=0.0, high=0.9)
    final_rate: float = option(0.01, 'learning rate at the end, as a part of the peak', low=0.0,
                               high=1.0)
    clip: float = option(1.0, 'largest norm of the gradient; 0: no limit', low=0.0)
    huber_delta: float = option(0.1, 'error above which the loss is linear, in [-1, 1]', low=1e-6)
    feature_weight: float = option(0.01, "weight of 1 - cosine between an image's features and its "
                                         "twin's, where there are twins", low=0.0)
    landmark_weight: float = option(1.0, 'weight of the distance between feature points and '
                                         'landmarks, where a data set has landmarks', low=0.0)
    geometry_batch: int = option(512, 'sets of landmarks a step from which controls are learned '
                                      'without an image', low=0)
    geometry_first: float = option(1.0, 'steps from such sets alone before the first image, as a '
                                        'part of the steps', low=0.0, high=100.0)
    locate: float = option(0.0, 'part of the steps, the first ones, in which the early layers '
                                'learn to find landmarks and the late ones are left out; the rate '
                                'rises and falls again after them', low=0.0, high=1.0)
    task_noise: float = option(0.1, 'standard deviation of the noise on task embeddings', low=0.0)
    average: float = option(0.998, 'decay of the running average of the weights, which is saved; '
                                   '0: the last weights', low=0.0, high=0.99999)
    precision: str = option('auto', 'auto: bf16 on a GPU and on a CPU with bf16 units, else '
                                    'float32', choices=('auto', 'float32', 'bf16'))
    seed: int = option(0, 'seed of the initial weights, the order of the pairs, augmentation and '
                          'noise', low=0)
    validation: float = option(0.05, 'part of the pairs that is held back for validation', low=0.0,
                               high=0.5)
    validation_most: int = option(1000, 'largest number of pairs of a validation', low=1)
    looks: int = option(20, 'number of validations in the run', low=1)
    checkpoint_steps: int = option(200, 'steps between checkpoints', low=1)
    memory_gb: float = option(4.0, 'decoded images are kept in memory if they need no more',
                              low=0.0)
    coarse: float = option(0.5, 'part of the steps with smaller images (x2cnet)', low=0.0, high=1.0)
    coarse_size: int = option(0, 'side of those images in pixels at first; 0: none are smaller',
                              low=0)
    colour: float = option(0.15, 'jitter of brightness, contrast and saturation', low=0.0, high=1.0)
    shift: float = option(0.03, 'largest shift of the image, as a part of its side', low=0.0,
                          high=0.5)
    zoom: float = option(0.05, 'largest change of its size', low=0.0, high=0.5)
    turn_deg: float = option(1.5, 'largest rotation', low=0.0, high=45.0)
    noise: float = option(0.01, 'largest standard deviation of the noise, white is 1', low=0.0)
    blur: float = option(0.2, 'part of the images that are blurred', low=0.0, high=1.0)
    jpeg: float = option(0.1, 'part of the images with artefacts of JPEG', low=0.0, high=1.0)
