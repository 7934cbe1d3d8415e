"""dev.py on machines that lack something: what it says, and that it leaves nothing behind."""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
posix = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout, as far as dev.py looks, in a path with a space."""
    root = tmp_path / "a b"
    root.mkdir()
    for name in ("dev.py", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    return root


@pytest.fixture
def dev(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """dev.py of that checkout as a module, its SIGTERM handler taken back afterwards."""
    monkeypatch.delenv("GRADVIZ_VENV", raising=False)
    monkeypatch.delenv("GRADVIZ_CHROMIUM", raising=False)
    before = signal.getsignal(signal.SIGTERM)
    yield load(project)
    signal.signal(signal.SIGTERM, before)


def load(project: Path) -> Any:
    spec = importlib.util.spec_from_file_location("dev", project / "dev.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sentence(dev: Any, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a target that cannot be done says: one line, exit status 2."""
    capsys.readouterr()
    assert dev.main(list(arguments)) == 2
    said = capsys.readouterr().err
    assert said.startswith("gradviz: ")
    assert said.count("\n") == 1
    return said


def make_ready(dev: Any) -> None:
    """A set-up that is done; its Python is this one, without site-packages."""
    dev.PYTHON.parent.mkdir(parents=True)
    dev.PYTHON.symlink_to(sys.executable)
    dev.STAMP.write_text(dev.fingerprint())


def test_python_3_8_can_read_it() -> None:
    ast.parse((ROOT / "dev.py").read_text("utf-8"), feature_version=(3, 8))


def test_alone_it_lists_its_targets(dev: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.main([]) == 0
    listed = capsys.readouterr().out
    for name in ("run", "test", "lint", "bench", "docs", "shots"):
        assert f"\n  {name} " in listed
    assert dev.main(["polish"]) == 2
    assert capsys.readouterr().out == listed


def test_an_old_python_is_told_so(
    dev: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "OLDEST_PYTHON", (99, 0))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert "Python must be 3.11 or newer, got 3." in sentence(dev, capsys, "run")
    monkeypatch.setattr(shutil, "which", lambda name: name if name == "python3.12" else None)
    assert "run `python3.12 dev.py`" in sentence(dev, capsys)


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 14, 2)])
def test_a_new_python_will_do(dev: Any, version: tuple[int, ...]) -> None:
    dev.check_python(version)


def test_a_python_without_venv(
    dev: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    said = sentence(dev, capsys, "lint")
    assert "no venv module" in said
    assert "apt install python3-venv" in said
    assert not dev.VENV.exists()


def test_too_little_disk(
    dev: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1.25e9))
    said = sentence(dev, capsys, "lint")
    assert "needs 3 GB free" in said
    assert "got 1.2 GB" in said
    assert "GRADVIZ_VENV" in said


def test_a_taken_port_is_found_before_anything_is_set_up(
    dev: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = sentence(dev, capsys, "run", "--port", str(port))
    assert f"Port {port} is taken" in said
    assert "--port" in said
    dev.check_port(port)


@pytest.mark.parametrize("given", ["0", "65536", "-1", "eight", "8501.0"])
def test_a_port_that_is_none(dev: Any, capsys: pytest.CaptureFixture[str], given: str) -> None:
    assert f"--port must be 1…65535, got {given}." in sentence(dev, capsys, "run", "--port", given)


def test_how_a_port_is_given(dev: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.port_of([]) == 8501
    assert dev.port_of(["--port", "9000"]) == dev.port_of(["--port=9000"]) == 9000
    assert "run takes --port N, got '--prot 9000'" in sentence(dev, capsys, "run", "--prot", "9000")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("... NewConnectionError: [Errno 111] Connection refused ...", "No network"),
        ("Temporary failure in name resolution\nERROR: No matching distribution", "No network"),
        ("ERROR: No matching distribution found for torch==2.13.0", "There is no torch==2.13.0"),
        ("OSError: [Errno 28] No space left on device", "The disk became full"),
        ("ERROR: something else", "pip could not install torch==2.13.0"),
    ],
)
def test_why_pip_gave_up(dev: Any, said: str, expected: str) -> None:
    dev.VENV.mkdir()
    dev.STAMP.write_text(dev.UNFINISHED)
    why = dev.why_not("torch==2.13.0", said)
    assert why.startswith(expected)
    assert str(dev.LOG) in why
    # Only a disk that became full half-way leaves packages in pieces.
    assert (dev.stamp() == dev.UNFINISHED) == ("full" in expected)


@pytest.mark.slow
def test_no_network_at_the_first_set_up(project: Path) -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "1", "PIP_FIND_LINKS": ""}
    environment = os.environ | nowhere | {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}
    environment.pop("GRADVIZ_VENV", None)
    command = [sys.executable, "dev.py", "lint"]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("gradviz: No network: ")
    assert done.stderr.count("\n") == 1
    log = project / ".venv/gradviz-setup.log"
    assert str(log) in done.stderr
    assert "torch" in log.read_text()


class Pip:
    """Stands in for venv and pip: notes what would be installed."""

    def __init__(self, dev: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.dev = dev
        self.installed: list[str] = []
        self.fails: BaseException | None = None
        self.torch = False
        monkeypatch.setattr(dev, "install", self._install)
        monkeypatch.setattr(dev, "has_torch", lambda: self.torch)
        monkeypatch.setattr(dev, "has_gpu", lambda: False)
        monkeypatch.setattr(dev, "has_pip", lambda: True)
        monkeypatch.setattr("venv.EnvBuilder", lambda with_pip: SimpleNamespace(create=self._make))

    def _make(self, folder: str) -> None:
        self.dev.PYTHON.parent.mkdir(parents=True)
        self.dev.PYTHON.touch()

    def _install(self, *packages: str) -> None:
        if self.fails:
            raise self.fails
        self.installed.append(packages[-1])
        self.torch = True

    def of_a_set_up(self) -> list[str]:
        """What one installs now."""
        self.installed = []
        self.dev.set_up()
        return self.installed


@pytest.fixture
def pip(dev: Any, monkeypatch: pytest.MonkeyPatch) -> Pip:
    return Pip(dev, monkeypatch)


def test_each_thing_is_installed_once(pip: Pip, project: Path) -> None:
    assert pip.of_a_set_up() == ["torch==2.13.0", f"{project}[dev,docs]"]
    assert pip.of_a_set_up() == []


def test_a_gpu_gets_the_users_own_build(pip: Pip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pip.dev, "has_gpu", lambda: True)
    assert pip.of_a_set_up()[0] == "torch>=2.6,<3"


def test_only_what_decides_the_environment_sets_it_up_anew(pip: Pip, project: Path) -> None:
    pip.of_a_set_up()
    settings = project / "pyproject.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("line-length = 100", "line-length = 90"), "utf-8")
    assert pip.of_a_set_up() == []
    settings.write_text(text.replace("numpy>=2.0", "numpy>=2.1"), "utf-8")
    assert pip.of_a_set_up() == [f"{project}[dev,docs]"]


def test_an_interrupted_set_up_starts_afresh(pip: Pip) -> None:
    pip.fails = KeyboardInterrupt()
    assert pip.dev.main(["lint"]) == 130
    half = pip.dev.VENV / "half-a-package"
    half.touch()
    pip.fails = None
    assert pip.of_a_set_up()
    assert not half.exists()


def test_a_set_up_that_pip_refused_goes_on_where_it_was(pip: Pip) -> None:
    pip.fails = pip.dev.SetupError("No network")
    with pytest.raises(pip.dev.SetupError):
        pip.dev.set_up()
    pip.dev.STAMP.write_text(pip.dev.READY_FOR_PIP)  # As why_not does.
    kept = pip.dev.VENV / "kept"
    kept.touch()
    pip.fails = None
    assert pip.of_a_set_up()
    assert kept.exists()


def test_a_users_own_environment_is_kept(pip: Pip) -> None:
    pip._make("")
    own = pip.dev.VENV / "own-torch"
    own.touch()
    pip.torch = True
    assert pip.of_a_set_up() == [f"{pip.dev.ROOT}[dev,docs]"]
    assert own.exists()


def test_a_folder_of_other_things_is_never_cleared(
    pip: Pip, capsys: pytest.CaptureFixture[str]
) -> None:
    pip.dev.VENV.mkdir()
    thesis = pip.dev.VENV / "thesis.tex"
    thesis.touch()
    assert "must be empty or a virtual environment" in sentence(pip.dev, capsys, "lint")
    assert thesis.exists()


def test_the_environment_may_lie_elsewhere(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADVIZ_VENV", str(tmp_path / "other disk"))
    assert load(project).PYTHON.is_relative_to(tmp_path / "other disk")


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("__version__ = '2.13.0+cpu'", True),
        ("__version__ = '2.6.0'", True),
        ("__version__ = '2.5.1'", False),
        ("__version__ = '3.0.0'", False),
        ("raise ImportError('half installed')", False),
    ],
)
def test_which_torch_is_kept(
    dev: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, expected: bool
) -> None:
    make_ready(dev)
    (tmp_path / "torch.py").write_text(module)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert dev.has_torch() is expected


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_and_leaves_no_process(
    dev: Any, project: Path, number: signal.Signals
) -> None:
    make_ready(dev)
    (project / "benchmarks").mkdir()
    note = project / "pid"
    (project / "benchmarks/long.py").write_text(
        "import os, time, pathlib\n"
        f"pathlib.Path({str(note)!r}).write_text(str(os.getpid()))\n"
        "try:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    print('tidied up')\n"
    )
    ours = subprocess.Popen(
        [sys.executable, "dev.py", "bench", "long"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 20
    while not (note.exists() and note.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    if number == signal.SIGINT:
        os.killpg(ours.pid, number)  # As a terminal's Ctrl-C: to the whole group.
    else:
        ours.send_signal(number)
    out, err = ours.communicate(timeout=20)
    assert ours.returncode == 128 + number
    assert "tidied up" in out
    assert err == ""
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_a_benchmark_that_is_none(dev: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert "got 'speeed'" in sentence(dev, capsys, "bench", "speeed")


def test_a_benchmarks_options_reach_it(dev: Any, project: Path) -> None:
    make_ready(dev)
    (project / "benchmarks").mkdir()
    (project / "benchmarks/quick.py").write_text("import sys; sys.exit(sys.argv[1:] != ['--now'])")
    assert dev.main(["bench", "quick", "--now"]) == 0
    assert dev.main(["bench", "quick"]) == 1


def test_shots_gets_its_options(dev: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "set_up", lambda: None)
    monkeypatch.setattr(dev, "call", lambda command: 1 if command[1:] == WITH_OPTIONS else 0)
    assert dev.main(["shots", "--check", "--jobs", "2"]) == 1


WITH_OPTIONS = ["-m", "gradviz", "shots", "--check", "--jobs", "2"]


def test_docs_takes_no_options(dev: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert "docs takes no arguments, got '--strict'" in sentence(dev, capsys, "docs", "--strict")


PAGE = "# Page\n\n[itself](index.md)\n\n::: own.measure\n"
DOCSTRING = '"""Measure.\n\n    Args:\n        width: in metres.\n    """'


@pytest.fixture
def small_docs(dev: Any, project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one page and one function; zensical is this environment's."""
    monkeypatch.setattr(dev, "set_up", lambda: None)
    monkeypatch.setattr(dev, "PYTHON", sys.executable)
    (project / "zensical.toml").write_text(
        '[project]\nsite_name = "own"\nplugins.mkdocstrings.handlers.python.paths = ["."]\n'
    )
    (project / "docs").mkdir()
    return project


def write_docs(project: Path, page: str, docstring: str) -> None:
    (project / "docs/index.md").write_text(page)
    (project / "own.py").write_text(f"def measure(width: int) -> None:\n    {docstring}\n")


@pytest.mark.slow
def test_docs_follow_their_docstrings_and_keep_nothing_old(
    dev: Any, small_docs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (small_docs / "site").mkdir()
    old = small_docs / "site/old.html"
    old.touch()
    for unit in ("metres", "inches"):
        write_docs(small_docs, PAGE, DOCSTRING.replace("metres", unit))
        assert dev.main(["docs"]) == 0
        assert f"in {unit}." in (small_docs / "site/index.html").read_text("utf-8")
    assert capfd.readouterr().out.endswith(f"gradviz: {small_docs / 'site/index.html'}\n")
    assert not old.exists()


@pytest.mark.slow
def test_mistakes_in_the_docs_are_all_told(
    dev: Any, small_docs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    page = PAGE + "\n[one](gone.md) [two](index.md#gone)\n"
    docstring = DOCSTRING.replace("width", "height").replace("in metres", "as [it][own.gone]")
    write_docs(small_docs, page, docstring)
    assert dev.main(["docs"]) == 1
    err = capfd.readouterr().err
    for said in ("page does not exist", "anchor does not exist", "unresolved autoref"):
        assert said in err
    assert "own.py:5: Parameter 'height' does not appear in the function signature" in err
    assert err.endswith("gradviz: the documentation must be mended as said above.\n")
    assert "Traceback" not in err
    assert "\x1b" not in err


@pytest.mark.slow
def test_a_docstring_alone_can_fail_the_docs(
    dev: Any, small_docs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_docs(small_docs, PAGE, DOCSTRING.replace("width", "height"))
    assert dev.main(["docs"]) == 1
    write_docs(small_docs, PAGE.replace("own.measure", "own.gone"), DOCSTRING)
    assert dev.main(["docs"]) == 1
    assert "own.gone could not be found" in capfd.readouterr().err


def test_what_python_compiled_is_kept_whatever_the_environment_says(
    dev: Any, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    make_ready(dev)
    (project / "benchmarks").mkdir()
    (project / "compiled.py").touch()
    (project / "benchmarks/quick.py").write_text("import compiled")
    assert dev.main(["bench", "quick"]) == 0
    assert list((project / "__pycache__").glob("compiled.*.pyc"))


def test_a_crash_is_a_failure_and_does_not_stop_the_rest(dev: Any) -> None:
    later = iter([0, -11, 0])
    assert dev.worst(later) == 1
    assert list(later) == []
    assert dev.worst([0, 0]) == 0


@pytest.fixture
def pytest_call(dev: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Arguments and environment of the pytest that `test` starts."""
    calls: list[Any] = []
    monkeypatch.setattr(dev, "set_up", lambda: None)
    monkeypatch.setattr(dev, "lint", lambda arguments: 0)
    monkeypatch.setattr(dev, "call", lambda command, **more: calls.append((command[3:], more)) or 0)
    return calls


def test_fast_leaves_out_the_slow_and_needs_no_browser(
    dev: Any, pytest_call: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "chromium", dev.no_browser)
    assert dev.main(["test", "--fast", "-k", "watch"]) == 0
    (((_, marks, option, count, *rest), more),) = pytest_call
    assert (marks, option, more) == ("not slow and not e2e", "-n", {})
    assert rest == ["--dist", "worksteal", "--ignore=tests/e2e", "-k", "watch"]
    assert 1 <= int(count) <= dev.MOST_PROCESSES


PARTS = {
    1: {"not e2e": "1", "e2e": ""},
    2: {"not e2e": "2", "e2e and not alone": "2", "e2e and alone": ""},
    5: {"not e2e": "4", "e2e and not alone": "2", "e2e and alone": ""},
    16: {"not e2e": "4", "e2e and not alone": "4", "e2e and alone": ""},
}
"""Cores to the tests of each part and its processes."""


@pytest.mark.parametrize("cores", PARTS)
def test_the_full_run_forbids_skipping_the_browser(
    dev: Any, pytest_call: list[Any], monkeypatch: pytest.MonkeyPatch, cores: int
) -> None:
    monkeypatch.setattr(dev, "chromium", lambda: "/usr/bin/chromium")
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert dev.main(["test"]) == 0
    calls, environments = zip(*pytest_call, strict=True)
    expected = {"GRADVIZ_CHROMIUM": "/usr/bin/chromium", "GRADVIZ_REQUIRE_BROWSER": "1"}
    assert environments == (expected,) * len(calls)
    assert {call[1]: call[3] if call[2] == "-n" else "" for call in calls} == PARTS[cores]
    assert "--ignore=tests/e2e" in calls[0]
    assert all("testpaths=tests/e2e" in call for call in calls[1:])


STATUSES = [(0, 0, 0), (1, 0, 1), (0, 1, 1), (5, 0, 0), (0, 5, 0), (1, 5, 1), (5, 5, 1), (-9, 0, 1)]


@pytest.mark.parametrize(
    ("cores", "part"), [(1, "e2e"), (2, "e2e and not alone"), (4, "e2e and not alone")]
)
@pytest.mark.parametrize(("others", "with_browser", "status"), STATUSES)
def test_all_parts_decide(
    dev: Any,
    pytest_call: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    cores: int,
    part: str,
    others: int,
    with_browser: int,
    status: int,
) -> None:
    monkeypatch.setattr(dev, "chromium", lambda: "/usr/bin/chromium")
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr(
        dev, "call", lambda command, **more: with_browser if part in command else others
    )
    assert dev.main(["test", "-k", "watch"]) == status


def test_no_tests_where_lint_complains(
    dev: Any, pytest_call: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "lint", lambda arguments: 1)
    assert dev.main(["test", "--fast"]) == 1
    assert pytest_call == []


def test_no_browser_and_no_way_to_one(
    dev: Any,
    pytest_call: list[Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(dev, "BROWSER_FILES", ())
    monkeypatch.setattr(dev, "from_playwright", lambda: None)
    said = sentence(dev, capsys, "test")
    assert "need Chromium" in said
    assert "--fast" in said
    assert pytest_call == []


def test_apt_is_not_asked_without_the_right_to_install(
    dev: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: name if name == "apt-get" else None)
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **more: pytest.fail("started"))
    assert dev.from_apt() is None


def test_a_browser_that_is_not_there(
    dev: Any,
    pytest_call: list[Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GRADVIZ_CHROMIUM", "/no/such/browser")
    assert "got /no/such/browser" in sentence(dev, capsys, "test")
