"""`ros_animate animate` from end to end, with small random networks."""
from __future__ import annotations

import contextlib
import pathlib
import shutil

import av
import cv2
import numpy as np
import pytest
from helpers import tiny_models
from helpers.full_disk import file_size_limit

from ros_animate import plugins
from ros_animate.cli import main
from ros_animate.face import finder
from ros_animate.files import WriteError
from ros_animate.offline import motion_template
from ros_animate.offline.driving import VideoDriving
from ros_animate.outputs import audio
from ros_animate.outputs.video import VideoFile
from ros_animate.types import Image

Weights = dict[str, pathlib.Path]


def read_video(path: pathlib.Path) -> list[Image]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format='rgb24') for frame in container.decode(video=0)]


def animate(family: str, weights: Weights, source: pathlib.Path, driving: pathlib.Path,
            *arguments: object) -> int:
    return main(['animate', '--animator', family, '--weights', str(weights[family]), '--source',
                 str(source), '--driving', str(driving), '--quiet', *map(str, arguments)])


def write_video(path: pathlib.Path, images: list[Image]) -> pathlib.Path:
    with VideoFile(path, 10.0) as video:
        for image in images:
            video.write(image)
    return path


def add_sound(path: pathlib.Path, codec: str = 'aac', suffix: str = '.mp4') -> pathlib.Path:
    """A copy of the video with a second of noise."""
    loud = path.with_name(f'loud_{codec}{suffix}')
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, (1, 48000)).astype(np.float32)
    with av.open(str(path)) as silent, av.open(str(loud), 'w') as mixed:
        image = silent.streams.video[0]
        copy = mixed.add_stream_from_template(image)
        sound = mixed.add_stream(codec, rate=48000)
        sound.layout = 'mono'
        frame = av.AudioFrame.from_ndarray(noise, 'fltp', 'mono')
        frame.sample_rate, frame.pts = 48000, 0
        for packet in silent.demux(image):
            if packet.dts is not None:
                packet.stream = copy
                mixed.mux(packet)
        resampled = av.AudioResampler(sound.format, 'mono', 48000).resample(frame)
        mixed.mux([p for part in (*resampled, None) for p in sound.encode(part)])
    return loud


@pytest.mark.parametrize('family', tiny_models.FAMILIES)
def test_a_frame_for_each_driving_frame(family: str, weights: Weights, portrait_file: pathlib.Path,
                                        clip: pathlib.Path, tmp_path: pathlib.Path) -> None:
    output = tmp_path / 'new' / 'a.mp4'
    assert animate(family, weights, portrait_file, clip, '--limit', 4, '--output', output) == 0
    frames = read_video(output)
    assert len(frames) == 4
    assert frames[0].shape[0] == tiny_models.CONFIGS[family]['image_size'] * (
        2 if family == 'live_portrait' else 1)


def test_mesh_warp_needs_no_weights(portrait_file: pathlib.Path, clip: pathlib.Path,
                                    tmp_path: pathlib.Path) -> None:
    assert main(['animate', '--animator', 'mesh_warp', '--source', str(portrait_file), '--driving',
                 str(clip), '--limit', '2', '--output', str(tmp_path / 'a.mp4'), '--quiet']) == 0
    assert len(read_video(tmp_path / 'a.mp4')) == 2


def test_side_by_side_and_paste_back(weights: Weights, portrait_file: pathlib.Path,
                                     clip: pathlib.Path, tmp_path: pathlib.Path) -> None:
    for option, shape in (('--side-by-side', (552, 3 * 512 + 52)), ('--paste-back', (400, 440))):
        output = tmp_path / f'{option}.mp4'
        assert animate('fomm', weights, portrait_file, clip, '--limit', 2, '--output', output,
                       option) == 0
        height, width, _ = read_video(output)[0].shape
        assert height == shape[0]
        assert abs(width - shape[1]) <= 4


def test_relative_and_absolute_differ(weights: Weights, portrait_file: pathlib.Path,
                                      clip: pathlib.Path, tmp_path: pathlib.Path) -> None:
    images = []
    for option in ('--relative', '--absolute'):
        output = tmp_path / f'{option}.mp4'
        assert animate('fomm', weights, portrait_file, clip, '--output', output, option) == 0
        images.append(read_video(output)[0])
    assert not np.array_equal(images[0], images[1])


def test_the_best_frame_is_the_reference(weights: Weights, clip: pathlib.Path,
                                         tmp_path: pathlib.Path, portrait_file: pathlib.Path,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    face = finder.find_face(read_video(clip)[4])
    with contextlib.closing(plugins.load('motion', 'fomm', {'weights': str(weights['fomm'])})) as e:
        driving = VideoDriving(str(clip), e, None)
        driving.scan_faces(face, lambda frames, *_: frames)
    assert driving.reference is not None
    assert driving.reference.stamp_s == pytest.approx(0.4)
    assert animate('fomm', weights, portrait_file, clip, '--output', tmp_path / 'a.mp4',
                   '--best-frame') == 0
    cv2.imwrite(str(tmp_path / 'plain.png'), np.zeros((64, 64, 3), np.uint8))
    assert animate('fomm', weights, tmp_path / 'plain.png', clip, '--output', tmp_path / 'b.mp4',
                   '--best-frame', '--no-crop') == 2
    assert 'plain.png' in capsys.readouterr().err


def test_a_template_drives_and_is_written(weights: Weights, portrait_file: pathlib.Path,
                                          clip: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """A written template moves the portrait as the video that it was made from."""
    written, from_video, from_template = (tmp_path / n for n in ('m.pkl', 'v.mp4', 't.mp4'))
    assert animate('live_portrait', weights, portrait_file, clip, '--output', from_video,
                   '--save-motion', written) == 0
    assert len(motion_template.read(written).motions) == 6
    assert animate('live_portrait', weights, portrait_file, written, '--output',
                   from_template) == 0
    for ours, theirs in zip(read_video(from_template), read_video(from_video), strict=True):
        assert np.abs(ours.astype(int) - theirs).mean() <= 2  # a template is in float32
    assert animate('live_portrait', weights, portrait_file, written, '--output',
                   tmp_path / 's.mp4', '--side-by-side', '--region', 'lip', '--multiplier', 1.5,
                   '--param', 'animation.lip_retargeting=true') == 0


def test_motion_alone_can_be_saved(weights: Weights, portrait_file: pathlib.Path,
                                   clip: pathlib.Path, tmp_path: pathlib.Path,
                                   capsys: pytest.CaptureFixture[str]) -> None:
    assert animate('live_portrait', weights, portrait_file, clip, '--save-motion',
                   tmp_path / 'm.pkl', '--limit', 3) == 0
    assert len(motion_template.read(tmp_path / 'm.pkl').motions) == 3
    assert animate('fomm', weights, portrait_file, clip, '--save-motion',
                   tmp_path / 'n.pkl', '--limit', 2) == 2
    assert 'n.pkl' in capsys.readouterr().err


def test_a_grid_of_sources_and_frames(weights: Weights, portrait_file: pathlib.Path,
                                      clip: pathlib.Path, tmp_path: pathlib.Path) -> None:
    grid = tmp_path / 'grid.png'
    assert main(['animate', '--animator', 'fomm', '--weights', str(weights['fomm']), '--source',
                 str(portrait_file), str(portrait_file), '--driving', str(clip), '--grid',
                 str(grid), '--columns', '3', '--quiet']) == 0
    assert cv2.imread(str(grid)).shape == (3 * 256, 4 * 256, 3)


@pytest.mark.parametrize('family', tiny_models.FAMILIES)
def test_frames_without_a_face_hold_the_image(family: str, weights: Weights,
                                                portrait_file: pathlib.Path,
                                                frames: list[Image], tmp_path: pathlib.Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    blank = np.full_like(frames[0], 90)
    driving = write_video(tmp_path / 'd.mp4', [blank, blank, *frames[:2], blank, blank])
    made: list[Image] = []  # as they are before the codec changes them
    write = VideoFile.write

    def noted(video: VideoFile, image: Image, stamp_s: float) -> None:
        made.append(image)
        write(video, image, stamp_s)
    monkeypatch.setattr(VideoFile, 'write', noted)
    assert animate(family, weights, portrait_file, driving, '--output', tmp_path / 'a.mp4') == 0
    assert len(read_video(tmp_path / 'a.mp4')) == len(made) == 6
    np.testing.assert_array_equal(made[0], made[2])
    np.testing.assert_array_equal(made[1], made[2])
    np.testing.assert_array_equal(made[5], made[4])
    assert not np.array_equal(made[2], made[3])


@pytest.mark.parametrize('family', tiny_models.FAMILIES)
def test_one_person_after_another(family: str, weights: Weights, portrait_file: pathlib.Path,
                                  frames: list[Image], tmp_path: pathlib.Path) -> None:
    """The square follows to the second face; the motion refers to the first one's reference."""
    side = len(frames[0])
    left = np.pad(frames[0], ((0, 0), (0, 2 * side), (0, 0)), constant_values=90)
    right = np.pad(frames[3], ((0, 0), (2 * side, 0), (0, 0)), constant_values=90)
    driving = write_video(tmp_path / 'd.mp4', [left] * 3 + [right] * 5)
    assert animate(family, weights, portrait_file, driving, '--output', tmp_path / 'a.mp4') == 0
    made = read_video(tmp_path / 'a.mp4')
    assert len(made) == 8
    assert not np.array_equal(made[2], made[7])


def test_a_video_without_any_face(weights: Weights, portrait_file: pathlib.Path,
                                  tmp_path: pathlib.Path,
                                  capsys: pytest.CaptureFixture[str]) -> None:
    blank = [np.full((64, 64, 3), 90, np.uint8)] * 3
    driving = write_video(tmp_path / 'd.mp4', blank)
    for model in ('fomm', 'live_portrait'):
        assert animate(model, weights, portrait_file, driving, '--output',
                       tmp_path / 'a.mp4') == 2
        error = capsys.readouterr().err
        assert 'no face' in error
        assert '--no-crop' in error
    assert main(['animate', '--animator', 'mesh_warp', '--source', str(portrait_file), '--driving',
                 str(driving), '--output', str(tmp_path / 'a.mp4'), '--quiet']) == 2
    assert 'no face' in capsys.readouterr().err
    assert not (tmp_path / 'a.mp4').exists()
    assert animate('fomm', weights, portrait_file, driving, '--no-crop', '--output',
                   tmp_path / 'a.mp4') == 0
    assert len(read_video(tmp_path / 'a.mp4')) == 3


@pytest.mark.parametrize('family', tiny_models.FAMILIES)
@pytest.mark.parametrize('kind', ['grey', 'rgba', 'tiny'])
def test_pictures_of_every_kind(kind: str, family: str, weights: Weights, portrait: Image,
                                clip: pathlib.Path, tmp_path: pathlib.Path,
                                capsys: pytest.CaptureFixture[str]) -> None:
    image = {'grey': portrait[..., 0], 'tiny': portrait[:1, :1],
               'rgba': np.dstack([portrait[..., ::-1], np.full(portrait.shape[:2], 128)])}[kind]
    source = tmp_path / 'source.png'
    cv2.imwrite(str(source), image.astype(np.uint8))
    status = animate(family, weights, source, clip, '--limit', 2, '--output', tmp_path / 'a.mp4')
    if kind == 'tiny':
        assert status == 2
        assert 'no face' in capsys.readouterr().err
    else:
        assert status == 0


def test_sound_is_kept_as_long_as_the_video_lasts(weights: Weights, portrait_file: pathlib.Path,
                                                  clip: pathlib.Path,
                                                  tmp_path: pathlib.Path) -> None:
    loud = add_sound(pathlib.Path(shutil.copy(clip, tmp_path)))
    assert audio.has_audio(loud)
    assert not audio.has_audio(clip)
    assert animate('fomm', weights, portrait_file, loud, '--limit', 4, '--output',
                   tmp_path / 'a.mp4') == 0
    with av.open(str(tmp_path / 'a.mp4')) as container:
        sound = container.streams.audio[0]
        assert sound.codec_context.name == 'aac'
        assert 0.35 < float(sound.duration * sound.time_base) < 0.5
    assert len(read_video(tmp_path / 'a.mp4')) == 4
    assert animate('fomm', weights, portrait_file, clip, '--limit', 2, '--output',
                   tmp_path / 'b.mp4') == 0
    assert not audio.has_audio(tmp_path / 'b.mp4')


def test_sound_that_cannot_be_kept_is_said(weights: Weights, portrait_file: pathlib.Path,
                                           clip: pathlib.Path, tmp_path: pathlib.Path,
                                           capsys: pytest.CaptureFixture[str]) -> None:
    loud = add_sound(pathlib.Path(shutil.copy(clip, tmp_path)), 'pcm_s16le', '.mkv')
    assert animate('fomm', weights, portrait_file, loud, '--limit', 2, '--output',
                   tmp_path / 'a.mp4') == 0
    message = capsys.readouterr().err
    assert 'silent' in message
    assert 'pcm_s16le' in message
    assert len(read_video(tmp_path / 'a.mp4')) == 2


@pytest.mark.parametrize(('arguments', 'message'), [
    (('--animator', 'nothing'), 'unknown animation plug-in'),
    (('--output', 'a.gif'), '.mp4'),
    (('--source', 'nowhere.png'), 'nowhere.png'),
    (('--driving', 'nowhere.mp4'), 'nowhere.mp4'),
    (('--driving', 'demo'), 'does not drive'),
    (('--driving', 'nowhere.pkl'), 'drives live_portrait'),
    (('--region', 'exp'), 'region'),
    (('--multiplier', '3'), 'multiplier'),
    (('--param', 'animation.nothing=1'), 'nothing'),
    (('--weights', 'nowhere'), 'nowhere'),
])
def test_mistakes_are_explained_in_a_line(arguments: tuple[str, str], message: str,
                                          weights: Weights, portrait_file: pathlib.Path,
                                          clip: pathlib.Path,
                                          tmp_path: pathlib.Path,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    given = {'--animator': 'fomm', '--weights': str(weights['fomm']),
             '--source': str(portrait_file), '--driving': str(clip),
             '--output': str(tmp_path / 'a.mp4'), **dict([arguments])}
    assert main(['animate', *(word for pair in given.items() for word in pair), '--quiet']) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith('ros_animate: error: ')
    assert len(error.splitlines()) == 1


def test_something_must_be_made(portrait_file: pathlib.Path, clip: pathlib.Path,
                                capsys: pytest.CaptureFixture[str]) -> None:
    base = ['animate', '--animator', 'mesh_warp', '--driving', str(clip), '--source',
            str(portrait_file)]
    assert main(base) == 2
    assert '--output' in capsys.readouterr().err
    assert main([*base, str(portrait_file), '--output', 'a.mp4']) == 2
    assert '--grid' in capsys.readouterr().err


def test_damaged_templates_are_named(weights: Weights, portrait_file: pathlib.Path,
                                     tmp_path: pathlib.Path,
                                     capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / 'cut.pkl').write_bytes(b'\x80\x04\x95')
    for name in ('cut.pkl', 'nowhere.pkl'):
        assert animate('live_portrait', weights, portrait_file, tmp_path / name, '--output',
                       tmp_path / 'a.mp4') == 2
        assert name in capsys.readouterr().err


def test_the_pipeline_runs_a_neural_animator(weights: Weights, portrait_file: pathlib.Path,
                                             clip: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """The extractor that the animator understands is opened with the animator's weights."""
    assert main(['retarget', '--source', str(clip), '--offline', '--output', str(tmp_path),
                 '--portrait', str(portrait_file), '--animator', 'live_portrait', '--limit', '3',
                 '--param', f'animation.weights={weights["live_portrait"]}', '--quiet']) == 0
    assert read_video(tmp_path / 'animated.mp4')[0].shape == (64, 64, 3)


def test_no_room_for_the_sound_is_an_error(clip: pathlib.Path, tmp_path: pathlib.Path) -> None:
    silent = pathlib.Path(shutil.copy(clip, tmp_path / 'silent.mp4'))
    loud = add_sound(silent)
    before = silent.read_bytes()
    with file_size_limit(len(before) // 2), pytest.raises(WriteError, match='File too large'):
        audio.keep_audio(silent, loud)
    assert silent.read_bytes() == before
    audio.keep_audio(silent, loud)
    assert audio.has_audio(silent)
