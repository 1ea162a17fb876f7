"""Names and shapes of every parameter are those of the published checkpoints."""
from __future__ import annotations

import json

import pytest
import torch
from helpers.golden_data import find

from ros_animate.checkpoints.variants import load_config, variants
from ros_animate.configuration import ConfigurationError
from ros_animate.networks import FAMILIES, build_networks, find_family

# Per family and variant: the reference's list of names, and how it calls the generator.
LISTS = {('monkey_net', 'nemo'): ('', 'generator'),
         ('monkey_net', 'taichi'): ('_taichi', 'generator'),
         ('monkey_net', 'vox256'): ('_vox256', 'generator'),
         ('fomm', 'vox256'): ('', 'generator'),
         ('fomm', 'taichi'): ('_taichi', 'generator'),
         ('fomm', 'vox_adv'): ('_vox_adv', 'generator'),
         ('face_vid2vid', 'vox256'): ('', 'generator'),
         ('face_vid2vid', 'vox256_spade'): ('', 'generator_spade'),
         ('face_vid2vid', 'beta'): ('_beta', 'generator'),
         ('live_portrait', 'human'): ('', ''), ('x2cnet', 'ameca'): ('', ''),
         ('x2face', 'vox256'): ('', '')}
OURS = {'bc_z', 'motion_mlp'}  # nobody else publishes weights of them
OUR_SIZE = 'small'  # the variant of a published family that is trained here


def test_every_variant_is_listed():
    published = set(FAMILIES) - OURS
    assert sorted(LISTS) == sorted((f, variant) for f in published
                                   for variant in variants(f) if variant != OUR_SIZE)


@pytest.mark.parametrize('family, variant', LISTS)
def test_golden_names_and_shapes(family, variant):
    suffix, generator = LISTS[family, variant]
    listed = json.loads(find(family, f'state_dict{suffix}.json').read_text())
    with torch.device('meta'):
        networks = build_networks(family, load_config(family, variant))
    for name, network in networks.items():
        rows = (of_module(listed['x2face'], name) if family == 'x2face' else
                listed[generator if name == 'generator' else name])
        expected = {entry: (shape, dtype) for entry, shape, dtype in rows}
        ours = {entry: (list(value.shape), str(value.dtype).removeprefix('torch.'))
                for entry, value in network.state_dict().items()}
        assert ours == expected, name


def of_module(rows, name):
    """The entries of one sub-network of a module that holds all of them."""
    return [(entry.removeprefix(f'{name}.'), shape, dtype) for entry, shape, dtype in rows
            if entry.startswith(f'{name}.')]


def test_defaults_are_the_first_published_variant():
    for family, variant in (('monkey_net', 'nemo'), ('fomm', 'vox256'), ('face_vid2vid', 'vox256'),
                            ('live_portrait', 'human'), ('x2cnet', 'ameca'),
                            ('x2face', 'vox256')):
        assert load_config(family, variant) == find_family(family).Config()


def test_wrong_names_list_the_choices():
    with pytest.raises(ConfigurationError, match='monkey_net'):
        build_networks('monkey')
    with pytest.raises(ConfigurationError, match='vox_adv'):
        load_config('fomm', 'vox-adv')
    with pytest.raises(ConfigurationError, match='num_keypoints'):
        build_networks('fomm', {'keypoints': 10})


def test_a_size_that_cannot_be_halved_to_one_cell_is_refused():
    with pytest.raises(ConfigurationError, match='power of two.*got 96'):
        build_networks('x2face', {'image_size': 96})


def test_too_few_channels_are_refused():
    with pytest.raises(ConfigurationError, match='4 channels, 8 are the least'):
        build_networks('bc_z', {'widths': [16, 4]})
