"""The container's files against the project: every path, name and command in them is there."""

from __future__ import annotations

import json
import re
import sqlite3
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from gradviz import RunConfig
from gradviz.cli import main
from gradviz.config.limits import FILE, NAMES, PREFIX, variable
from gradviz.store import Store

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
COMPOSE: Any = YAML(typ="safe").load((ROOT / "compose.yaml").read_text("utf-8"))
PAGE = (ROOT / "docs/deploy.md").read_text("utf-8")
OWN = {"GRADVIZ_RUNS", "GRADVIZ_DATA", "GRADVIZ_LECTURES", FILE, *map(variable, NAMES)}
"""What gradviz reads from its environment."""


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's, each on one line."""
    lines = [line for line in DOCKERFILE.splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [
        (word, rest)
        for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line)
    ]


def of(word: str) -> list[str]:
    return [" ".join(rest.split()) for name, rest in instructions() if name == word]


def test_all_that_is_copied_is_there_and_let_through() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    let = [line[1:] for line in ignored if line.startswith("!")]
    assert "*" in ignored
    for copy in of("COPY"):
        if copy.startswith("--from="):
            continue
        *sources, _ = copy.split()
        for source in sources:
            assert (ROOT / source).exists(), source
            assert any(fnmatch(source.removeprefix("./"), each) for each in let), source
    assert set(let) == {s for c in of("COPY") if "--from" not in c for s in c.split()[:-1]}


def test_the_app_has_all_that_it_reads() -> None:
    copied = {s for c in of("COPY") if "--from" not in c for s in c.split()[:-1]}
    assert {"app.py", "pages", "gradviz", ".streamlit", "requirements.txt", "limits.toml"} <= copied


def test_nobody_is_root_and_the_data_are_the_users() -> None:
    assert of("USER") == ["gradviz"]
    order = [name for name, _ in instructions()]
    assert order.index("USER") > max(i for i, name in enumerate(order) if name == "RUN")
    assert "chown gradviz /data" in DOCKERFILE
    assert of("VOLUME") == ["/data"]
    assert "data:/data" in COMPOSE["services"]["gradviz"]["volumes"]


def test_commands_and_ports_are_the_apps() -> None:
    (command,) = map(json.loads, of("CMD"))
    for name in re.findall(r"python -m gradviz (\w+)", f"{command[-1]} {PAGE}"):
        assert name in main.commands
    assert "streamlit run app.py" in command[-1]
    (check,) = of("HEALTHCHECK")
    assert "http://127.0.0.1:8501/_stcore/health" in check
    compile(json.loads(check.split("CMD ", 1)[1])[-1], "healthcheck", "exec")
    assert of("EXPOSE") == ["8501"]
    assert (ROOT / ".streamlit/config.toml").read_text("utf-8").count("port = 8501") == 1
    assert COMPOSE["services"]["gradviz"]["ports"][0].endswith(":8501")
    assert COMPOSE["services"]["gradviz"]["ports"][0].startswith("127.0.0.1:")


def test_every_variable_is_one_that_somebody_reads() -> None:
    from streamlit import config

    streamlit = {option.env_var for option in config.get_config_options().values()}
    known = OWN | streamlit | {"PYTHONUNBUFFERED"}
    service = COMPOSE["services"]["gradviz"]
    named = {pair.split("=")[0] for line in of("ENV") for pair in line.split()}
    assert named | set(service["environment"]) <= known
    for name in re.findall(r"\b(?:STREAMLIT_[A-Z_]+|GRADVIZ_LIMIT\w+)", PAGE):
        assert name in known, name
    compose = (ROOT / "compose.yaml").read_text("utf-8")
    asked = set(re.findall(r"\$\{(\w+):-", compose))
    assert asked == set(re.findall(r"^\| `(GRADVIZ_\w+)` \|", PAGE, re.MULTILINE))
    assert not {name for name in asked if name.startswith(PREFIX)}


def test_hosts_are_split_at_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit reads a list from the environment as click does: commas would be one long name."""
    default = COMPOSE["services"]["gradviz"]["environment"]["STREAMLIT_SERVER_ALLOWED_HOSTS"]
    hosts = re.fullmatch(r"\$\{GRADVIZ_HOSTS:-(.*)\}", default)
    assert hosts
    monkeypatch.setenv("STREAMLIT_SERVER_ALLOWED_HOSTS", hosts[1])

    @click.command()
    @click.option("--hosts", multiple=True, envvar="STREAMLIT_SERVER_ALLOWED_HOSTS")
    def read(hosts: tuple[str, ...]) -> tuple[str, ...]:
        return hosts

    assert read.main([], standalone_mode=False) == ("localhost", "127.0.0.1")


def test_the_backup_is_whole_while_a_run_is_written(tmp_path: Path) -> None:
    (statement,) = re.findall(r'execute\(\\"(.*?)\\"\)', PAGE)
    with Store(tmp_path / "runs.db") as store:
        store.end(store.begin(RunConfig(), name="one"))
        store.begin(RunConfig(), name="goes on")
        copy = tmp_path / "backup.db"
        with sqlite3.connect(tmp_path / "runs.db") as other:
            other.execute(statement.replace("/data/backup.db", str(copy)))
        other.close()
    with Store(copy) as kept:
        assert [info.name for info in kept.runs()] == ["one", "goes on"]
