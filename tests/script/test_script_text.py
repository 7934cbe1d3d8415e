"""What a script looks like: formatted, short, nothing in it that is not used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlencode

import pytest

from gradviz.config import RunConfig
from gradviz.scenarios import SCENARIOS
from gradviz.script import KNOWN, ScriptError, own_layers, script
from tests.script.running import config_of, configs

ROOT = Path(__file__).parents[2]
PARTS = ROOT / "gradviz/script/parts"


@cache
def texts() -> dict[str, str]:
    """Of all settings that are tested, and of every scenario whose settings are known."""
    scenarios = {
        f"{each.name}: {name}": config
        for each in SCENARIOS.values()
        for name, config in each.variants.items()
        if config.differences().keys() <= KNOWN
    }
    return {name: script(config) for name, config in (configs() | scenarios).items()}


def test_scripts_are_formatted_and_without_fault(tmp_path: Path) -> None:
    for place, text in enumerate(texts().values()):
        (tmp_path / f"script_{place}.py").write_text(text, encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--no-cache", "--config", str(ROOT / "pyproject.toml"), str(tmp_path)]
    for command in (["format", "--diff"], ["check"]):
        done = subprocess.run(
            [*ruff, *command, *options],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout


def test_nothing_in_a_script_is_left_unused() -> None:
    unused = {}
    for name, text in texts().items():
        tree = ast.parse(text)
        names = [each for each in ast.walk(tree) if isinstance(each, ast.Name)]
        read = {each.id for each in names if isinstance(each.ctx, ast.Load)}
        made = {each.id for each in names if isinstance(each.ctx, ast.Store)}
        made |= {
            each.name for each in tree.body if isinstance(each, ast.FunctionDef | ast.ClassDef)
        }
        if left := {each for each in made - read if not each.startswith("_")}:
            unused[name] = left
    assert not unused


def test_a_script_does_not_know_gradviz() -> None:
    for text in texts().values():
        assert "import gradviz" not in text
        assert "from gradviz" not in text


def test_every_definition_of_every_part_is_in_some_script() -> None:
    whole = "\n".join(texts().values())
    missing = []
    for path in PARTS.rglob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                kind = "class" if isinstance(node, ast.ClassDef) else "def"
                if not re.search(rf"^{kind} {node.name}\b", whole, re.MULTILINE):
                    missing.append(f"{path.name}: {node.name}")
    assert not missing


def test_a_plain_network_is_a_page() -> None:
    lines = script(RunConfig()).splitlines()
    assert len([line for line in lines if line]) <= 60


def test_the_docstring_recreates_the_run_and_says_what_it_needs() -> None:
    config = config_of("task=digits_rows&cell=lstm&forget_bias=-1.5&learning_rate=1e-8")
    said = ast.get_docstring(ast.parse(script(config))) or ""
    found = re.search(r"^ *\?(\S+)$", said, re.MULTILINE)
    assert found
    assert found[1] == urlencode(config.to_query())
    assert RunConfig.from_query(found[1]) == (config, [])
    assert "needs scikit-learn and torch" in said
    assert version("torch") in said
    assert "?" not in (ast.get_docstring(ast.parse(script(RunConfig()))) or "")


def test_a_setting_is_known_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each field in turn is taken from what is known; so a new one cannot be left out silently."""
    others = {"task": "recall", "cell": "lstm", "dtype": "float64"}
    for name, field in RunConfig.model_fields.items():
        monkeypatch.setattr("gradviz.script.KNOWN", KNOWN - {name})
        value = others.get(name, _another(name, field.default))
        config = RunConfig().model_copy(update={name: value})
        with pytest.raises(ScriptError, match=rf"^{name} must be"):
            script(config)


def _another(name: str, default: object) -> object:
    match default:
        case bool():
            return not default
        case int() | float():
            return default + 1
        case str():
            return "another"
    return 1.0


@pytest.mark.parametrize(
    "field", ["optimizer", "clip", "recurrent_init", "readout", "schedule", "norm"]
)
def test_a_choice_that_no_writer_knows_is_refused(field: str) -> None:
    with pytest.raises(ScriptError, match=f"^{field} must be .* got newest"):
        script(RunConfig().model_copy(update={field: "newest"}))


def test_a_cell_that_no_writer_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(own_layers.CLASSES, "sru")
    with pytest.raises(ScriptError, match=r"^cell must be rnn or .* got sru"):
        script(RunConfig(cell="sru"))
    with pytest.raises(ScriptError, match=r"^activation must be tanh or .* got newest"):
        script(RunConfig().model_copy(update={"activation": "newest"}))
    pair = RunConfig(task="copy_sequence", seq_len=9)
    with pytest.raises(ScriptError, match=r"^attention must be none or .* got newest"):
        script(pair.model_copy(update={"attention": "newest"}))


def test_omega_is_refused_beside_noise() -> None:
    with pytest.raises(ScriptError, match=r"^omega must be 0 for a script with .* got 0\.5;"):
        script(RunConfig(omega=0.5, zoneout=0.2))


@pytest.mark.parametrize(
    ("setting", "advice"),
    [({"data": "0123456789abcdef"}, "choose the data"), ({"device": "cuda"}, "checked on a CPU")],
)
def test_what_a_script_cannot_have_is_refused(setting: dict[str, str], advice: str) -> None:
    with pytest.raises(ScriptError, match=rf"^{next(iter(setting))} must be .*{advice}"):
        script(RunConfig(task="series", **setting))
