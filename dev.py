"""One command per intention: `python dev.py run|test|lint|bench`.

Standard library only. Each target first sets up what it needs (a virtual environment,
CPU torch where there is no GPU, Chromium for the browser tests) and then does its job.
The second time, set-up is a comparison of two hashes and needs no network.
"""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = Path(os.environ.get("GRADVIZ_VENV", str(ROOT / ".venv")))
STAMP = VENV / "gradviz-setup"
LOG = VENV / "gradviz-setup.log"
NEEDED_BYTES = 3 * 10**9
TORCH_CPU = "torch==2.13.0"
TARGETS = {
    "run": "start the app on 127.0.0.1:8501 (--port N for another port)",
    "test": "lint, then all tests; --fast leaves out slow and browser tests",
    "lint": "ruff and mypy",
    "bench": "the benchmarks, one after the other",
}


class SetupError(Exception):
    """Why the work cannot be done, in one sentence."""


def main(arguments):
    """Run one target; the exit status."""
    try:
        check_python()
        if not arguments or arguments[0] not in TARGETS:
            print("python dev.py TARGET, where TARGET is one of")
            for name, text in TARGETS.items():
                print(f"  {name:6} {text}")
            return 0 if not arguments or arguments[0] in {"-h", "--help"} else 2
        return globals()[arguments[0]](arguments[1:])
    except SetupError as error:
        print(f"gradviz: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def check_python(version=sys.version_info):
    """Refuse a Python that is too old."""
    if tuple(version[:2]) < (3, 11):
        raise SetupError(
            f"Python must be 3.11 or newer, got {version[0]}.{version[1]}; use a newer one."
        )


def run(arguments):
    """Start the app."""
    port = 8501
    if arguments[:1] == ["--port"] and len(arguments) == 2 and arguments[1].isdigit():
        port = int(arguments[1])
    elif arguments:
        raise SetupError("run takes --port N, got {!r}.".format(" ".join(arguments)))
    check_port(port)
    python = set_up()
    print(f"gradviz: http://127.0.0.1:{port} (Ctrl-C ends it)", flush=True)
    return call([python, "-m", "streamlit", "run", "app.py", f"--server.port={port}"])


def test(arguments):
    """Lint, then pytest; other arguments go to pytest."""
    fast = "--fast" in arguments
    rest = [each for each in arguments if each != "--fast"]
    python = set_up()
    status = lint([])
    if status:
        return status
    environment = dict(os.environ)
    if fast:
        rest = ["-m", "not slow and not e2e", *rest]
    else:
        environment["GRADVIZ_CHROMIUM"] = chromium(python)
        # With this set, a browser test that would be skipped fails.
        environment["GRADVIZ_REQUIRE_BROWSER"] = "1"
    return call([python, "-m", "pytest", *rest], environment)


def lint(arguments):
    """Ruff and mypy."""
    python = set_up()
    checks = (["ruff", "check", "."], ["ruff", "format", "--check", "-q", "."], ["mypy"])
    return max(call([python, "-m", *check]) for check in checks)


def bench(arguments):
    """Every script in benchmarks/, or those named."""
    python = set_up()
    scripts = sorted((ROOT / "benchmarks").glob("*.py"))
    chosen = [each for each in scripts if not arguments or each.stem in arguments]
    return max([call([python, str(each)]) for each in chosen], default=0)


def call(command, environment=None):
    """Run a command in the project's folder; its exit status."""
    environment = dict(environment or os.environ, PYTHONUTF8="1", PYTHONPATH=str(ROOT))
    return subprocess.call(command, cwd=str(ROOT), env=environment)


def set_up():
    """Make the virtual environment what the project's files ask for; its Python."""
    python = str(VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    wanted = fingerprint()
    if STAMP.is_file() and STAMP.read_text() == wanted and Path(python).is_file():
        return python
    check_disk()
    print(f"gradviz: setting up {VENV} (a minute or two, once)", flush=True)
    make_venv(python)
    STAMP.unlink(missing_ok=True)
    if not has_torch(python):
        install(python, "torch>=2.6,<3" if has_gpu() else TORCH_CPU)
    install(python, "-e", f"{ROOT}[dev]")
    STAMP.write_text(wanted)
    return python


def fingerprint():
    """Hash of all that decides the environment."""
    parts = [sys.version, str(ROOT), TORCH_CPU]
    parts += [(ROOT / name).read_text("utf-8") for name in ("pyproject.toml", "requirements.txt")]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def make_venv(python):
    """Create the virtual environment, or mend a half-made one."""
    try:
        import ensurepip  # noqa: F401
        import venv
    except ImportError:
        raise SetupError(
            "This Python has no venv module; install it (on Debian: apt install python3-venv)."
        ) from None
    if not Path(python).is_file() or subprocess.call(
        [python, "-m", "pip", "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ):
        venv.EnvBuilder(with_pip=True, clear=VENV.is_dir()).create(str(VENV))


def has_torch(python):
    """Whether the environment has a torch already: a user's own build is kept."""
    code = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)"
    return subprocess.call([python, "-c", code]) == 0


def has_gpu():
    """Whether an NVIDIA driver answers."""
    tool = shutil.which("nvidia-smi")
    return bool(tool) and subprocess.call([tool, "-L"], stdout=subprocess.DEVNULL) == 0


def install(python, *packages):
    """Pip install, its output shown and kept."""
    command = [python, "-m", "pip", "install", "--disable-pip-version-check", *packages]
    with LOG.open("a", encoding="utf-8") as log:
        pip = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        said = []
        for line in pip.stdout:
            log.write(line)
            said.append(line)
            if line.startswith(("Collecting", "Installing", "Successfully")):
                print("  " + line.strip()[:100], flush=True)
    if pip.wait():
        text = "".join(said)
        offline = ("NewConnectionError", "Temporary failure", "Network is unreachable", "timed out")
        if any(sign in text for sign in offline):
            raise SetupError("No network: the first set-up must download its packages; try again.")
        raise SetupError("pip could not install {}; see {}.".format(" ".join(packages), LOG))


def check_disk():
    """Refuse a disk without room for the environment."""
    place = next(each for each in (VENV, *VENV.parents) if each.exists())
    free = shutil.disk_usage(str(place)).free
    if free < NEEDED_BYTES:
        raise SetupError(
            f"Set-up needs {NEEDED_BYTES / 1e9:.0f} GB free in {place}, got {free / 1e9:.1f} GB; "
            "free some, or set GRADVIZ_VENV to a folder on another disk."
        )


def check_port(port):
    """Refuse a port that something listens on."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise SetupError(
                f"Port {port} is taken; end what listens there, or choose another with --port."
            )


def chromium(python):
    """A browser for the tests; installed where it is missing and that is possible."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")

    def found():
        return os.environ.get("GRADVIZ_CHROMIUM") or next(
            filter(None, map(shutil.which, names)), None
        )

    if not found() and shutil.which("apt-get"):
        root = [] if getattr(os, "geteuid", lambda: 1)() == 0 else ["sudo", "-n"]
        for step in (["update", "-qq"], ["install", "-y", "-qq", "chromium"]):
            subprocess.call([*root, "apt-get", *step], stdin=subprocess.DEVNULL)
    if not found():
        subprocess.call([python, "-m", "playwright", "install", "chromium"])
        code = (
            "from playwright.sync_api import sync_playwright as s\n"
            "with s() as p: print(p.chromium.executable_path)"
        )
        path = subprocess.run(
            [python, "-c", code], stdout=subprocess.PIPE, text=True
        ).stdout.strip()
        if path and Path(path).is_file():
            return path
        raise SetupError("The browser tests need Chromium; install it, or use `test --fast`.")
    return found()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
