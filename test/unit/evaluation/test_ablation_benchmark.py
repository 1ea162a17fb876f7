"""The ablation benchmark: trainings, finished runs, the table."""
from __future__ import annotations

import argparse
import importlib.util
import json
import pathlib
import stat
import sys
from typing import Any

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture
def ablation(monkeypatch: pytest.MonkeyPatch) -> Any:
    spec = importlib.util.spec_from_file_location('ablation', ROOT / 'benchmarks' / 'ablation.py')
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, 'ablation', module)
    spec.loader.exec_module(module)
    return module


def options(folder: pathlib.Path, **changes: Any) -> argparse.Namespace:
    return argparse.Namespace(**{'output': str(folder), 'variants': ['no_F', 'full'],
                                 'seeds': [0, 1], 'steps': 5, 'size': 64, 'clips': 3, 'set': [],
                                 **changes})


def row(l1: float, akd: float) -> dict[str, Any]:
    return {'l1': l1, 'akd': akd, 'mkr': 0.0, 'aed': None}


def test_means_deviations_and_comparisons_by_seed(ablation: Any, tmp_path: pathlib.Path) -> None:
    source = row(0.2, 9.0)
    rows = {('no_F', 0): row(0.10, 3.0), ('no_F', 1): row(0.14, 5.0),
            ('full', 0): row(0.08, 4.0), ('full', 1): row(0.10, 4.0)}
    reports = {run: {'performers': {'monkey_net': value, 'source repeated': source}}
               for run, value in rows.items()}
    figures = ablation.collect(reports, options(tmp_path))
    assert figures['mean']['no_F'] == pytest.approx({'l1': 0.12, 'akd': 4, 'mkr': 0, 'aed': None})
    assert figures['deviation']['no_F']['l1'] == pytest.approx(0.04 / 2 ** 0.5)
    assert figures['worse_than_full'] == {'no_F': {'l1': 2, 'akd': 1}}
    text = ablation.tables(figures)
    assert '0.1200 ± 0.0283' in text and '- no_F: L1 in 2 of 2, AKD in 1 of 2' in text
    assert 'L1, best first: full < no_F;' in text and 'table 2' in text


def test_finished_runs_are_kept(ablation: Any, tmp_path: pathlib.Path,
                                monkeypatch: pytest.MonkeyPatch) -> None:
    """With a program that notes its arguments and writes the files of the real one."""
    program = tmp_path / 'program'
    program.write_text(f"""#!{sys.executable}
import pathlib, sys
pathlib.Path({str(tmp_path / 'calls')!r}).open('a').write(' '.join(sys.argv[1:]) + '\\n')
folder = pathlib.Path(sys.argv[sys.argv.index('--output') + 1])
if sys.argv[1] == 'train':
    (folder / 'weights').mkdir(parents=True)
else:
    folder.mkdir()
    (folder / 'report.json').write_text('{{}}')
""")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(ablation, 'PROGRAM', program)
    args = options(tmp_path / 'out', set=['batch_size=4'])
    run = ablation.Run('no_F', 7, tmp_path / 'out' / 'no_F_7')
    ablation.train_and_evaluate(run, args)
    ablation.train_and_evaluate(run, args)
    trained, measured = (tmp_path / 'calls').read_text().splitlines()
    for part in ('train animation --animator monkey_net', '--set dense_motion=false',
                 '--set seed=7', '--set image_size=64', '--steps 5', 'looks=4'):
        assert part in trained
    assert trained.endswith('--set batch_size=4') and '--resume' not in trained
    assert measured.startswith('evaluate animation') and '--clips 3' in measured
    (run.folder / 'weights').rmdir()
    (run.folder / 'last.ckpt').touch()
    ablation.train_and_evaluate(run, args)
    assert '--resume' in (tmp_path / 'calls').read_text().splitlines()[-1]


def test_runs_with_other_settings_do_not_mix(ablation: Any, tmp_path: pathlib.Path) -> None:
    ablation.claim(tmp_path / 'a', options(tmp_path))
    ablation.claim(tmp_path / 'a', options(tmp_path, seeds=[3]))
    with pytest.raises(SystemExit, match='another --output'):
        ablation.claim(tmp_path / 'a', options(tmp_path, steps=6))
    assert json.loads((tmp_path / 'a' / 'kind.json').read_text())['steps'] == 5


def test_every_variant_is_in_the_papers_table(ablation: Any) -> None:
    assert set(ablation.VARIANTS) == set(ablation.ABLATION.rows)
