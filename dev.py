"""One command per intention: `python dev.py run|test|lint|bench|docs|shots`.

Standard library only. Each target first sets up what it needs (a virtual environment,
CPU torch where there is no GPU, Chromium for the browser tests) and then does its job.
The second time, set-up is a comparison of two hashes and needs no network.

Python 3.8 can read this file, so that an older Python says its sentence and not a SyntaxError.
"""

import contextlib
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = Path(os.environ.get("GRADVIZ_VENV") or ROOT / ".venv").absolute()
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "gradviz-setup"
"""What set-up has reached: UNFINISHED, READY_FOR_PIP, or a fingerprint."""
UNFINISHED, READY_FOR_PIP = "unfinished", "ready-for-pip"
LOG = VENV / "gradviz-setup.log"
OLDEST_PYTHON = (3, 11)
TORCH_CPU = "torch==2.13.0"
TORCH_RANGE = "torch>=2.6,<3"
NEEDED_GB = {"with torch": 3.0, "torch is there": 0.5}
GRACE_S = 10
MOST_PROCESSES = 4
"""For the tests that share the machine; each has torch in its memory, or a Chromium."""
NO_TESTS = 5
"""pytest's exit status where nothing was chosen."""
TARGETS = {
    "run": "start the app on 127.0.0.1:8501 (--port N for another port)",
    "test": "lint, then all tests; --fast leaves out slow and browser tests",
    "lint": "ruff and mypy",
    "bench": "the benchmarks, one after the other (or those named; instrument takes --quick)",
    "docs": "the documentation as a website, site/index.html; a warning is an error",
    "shots": "the documentation's pictures; options go to `python -m gradviz shots`",
}
OFFLINE = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeoutError",
    "Temporary failure in name resolution",
    "Name or service not known",
    "getaddrinfo failed",
    "Network is unreachable",
    "Connection refused",
    "timed out",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
BROWSER_FILES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)


class SetupError(Exception):
    """Why the work cannot be done, in one sentence."""


def main(arguments):
    """Run one target; the exit status."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # pip's words on a Windows console, for one.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
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
    if tuple(version[:2]) < OLDEST_PYTHON:
        names = (f"python3.{minor}" for minor in range(14, 10, -1))
        other = next(filter(shutil.which, names), None)
        advice = f"run `{other} dev.py`" if other else "install a newer one"
        raise SetupError(f"Python must be 3.11 or newer, got {version[0]}.{version[1]}; {advice}.")


def run(arguments):
    """Start the app."""
    port = port_of(arguments)
    check_port(port)
    set_up()
    print(f"gradviz: http://127.0.0.1:{port} (Ctrl-C ends it)", flush=True)
    return call([PYTHON, "-m", "streamlit", "run", "app.py", f"--server.port={port}"])


def test(arguments):
    """Lint, then pytest, without and then with a browser; other arguments go to pytest."""
    fast = "--fast" in arguments
    rest = [each for each in arguments if each != "--fast"]
    set_up()
    status = lint([])
    if status:
        return status
    cores = os.cpu_count() or 1
    # Where the user names a file, neither --ignore nor testpaths keeps it out.
    plain = [*together(min(cores, MOST_PROCESSES)), "--ignore=tests/e2e"]
    if fast:
        return pytest("not slow and not e2e", *plain, *rest)
    # A Chromium, its server and their worker take about a core; those that need more are alone.
    browsers = max(min(cores, 2), min(cores // 2, MOST_PROCESSES))
    there = ["-o", "testpaths=tests/e2e"]
    parts = [("not e2e", plain), ("e2e", there)]
    if browsers > 1:
        beside = [*together(browsers), *there]
        parts[1:] = [("e2e and not alone", beside), ("e2e and alone", there)]
    # With the second set, a browser test that would be skipped fails.
    browser = {"GRADVIZ_CHROMIUM": chromium(), "GRADVIZ_REQUIRE_BROWSER": "1"}
    statuses = [pytest(marks, *options, *rest, **browser) for marks, options in parts]
    # A file or a word of the user's may choose from one part only.
    return worst(status for status in statuses if status != NO_TESTS or set(statuses) == {NO_TESTS})


def together(processes):
    """Pytest's options for so many; each takes neighbours, which share what was made for them."""
    return ["-n", str(processes), "--dist", "worksteal"]


def pytest(marks, *arguments, **more):
    """Run the tests of these marks."""
    return call([PYTHON, "-m", "pytest", "-m", marks, *arguments], **more)


def lint(arguments):
    """Ruff and mypy."""
    if arguments:
        raise SetupError("lint takes no arguments, got {!r}.".format(" ".join(arguments)))
    set_up()
    checks = (["ruff", "check", "."], ["ruff", "format", "--check", "-q", "."], ["mypy"])
    return worst(call([PYTHON, "-m", *check]) for check in checks)


def bench(arguments):
    """Every script in benchmarks/, or those named; options go to each of them."""
    scripts = {path.stem: path for path in sorted((ROOT / "benchmarks").glob("*.py"))}
    options = [each for each in arguments if each.startswith("--")]
    names = [each for each in arguments if each not in options]
    unknown = [name for name in names if name not in scripts]
    if unknown:
        raise SetupError(f"bench knows {', '.join(scripts)}; got {unknown[0]!r}.")
    set_up()
    return worst(call([PYTHON, scripts[name], *options]) for name in names or scripts)


def docs(arguments):
    """The documentation as a website, from docs/ and the docstrings; needs no network."""
    if arguments:
        raise SetupError("docs takes no arguments, got {!r}.".format(" ".join(arguments)))
    set_up()
    site = ROOT / "site"
    shutil.rmtree(str(site), ignore_errors=True)
    # A page from the cache would not follow its docstrings, and its warnings would be gone.
    command = [str(PYTHON), "-m", "zensical", "build", "--strict", "--clean"]
    pipe = {"stderr": subprocess.PIPE, "encoding": "utf-8", "errors": "replace"}
    with child(command, cwd=str(ROOT), env=environment(), **pipe) as process:
        said = re.sub("\x1b\\[[0-9;]*m", "", process.communicate()[1]).strip()
    # --strict lets pass what is wrong with a docstring, but it is said.
    if process.returncode or said not in {"", "No issues found"}:
        print(complaint(said), file=sys.stderr)
        print("gradviz: the documentation must be mended as said above.", file=sys.stderr)
        return 1
    print(f"gradviz: {site / 'index.html'}")
    return 0


def complaint(said):
    """What zensical found, without the traceback with which it gives up."""
    gives_up = said.endswith("--strict flag is set")
    return said.partition("Traceback (most recent call last)")[0].rstrip() if gives_up else said


def shots(arguments):
    """The pictures of every scenario and page, into docs/pictures."""
    set_up()
    return call([PYTHON, "-m", "gradviz", "shots", *arguments])


def worst(statuses):
    """1 if any is not 0 (a signal's is negative); all of them are run."""
    return int(any(list(statuses)))


def call(command, **more):
    """Run a command in the project's folder; its exit status."""
    with child([str(part) for part in command], cwd=str(ROOT), env=environment(**more)) as process:
        process.wait()
    return process.returncode


def environment(**more):
    """Of what is run in the project's folder."""
    known = dict(os.environ, PYTHONUTF8="1", PYTHONPATH=str(ROOT), **more)
    # Compiling it all anew takes each process of the tests 5 s.
    known["PYTHONDONTWRITEBYTECODE"] = ""
    return known


@contextlib.contextmanager
def child(command, **options):
    """A process that ends with this one, however this one ends."""
    process = subprocess.Popen(command, **options)
    try:
        yield process
        process.wait()
    except KeyboardInterrupt:
        # The terminal sent it Ctrl-C as well, and it is tidying up; a second one would disturb.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)
        raise
    finally:
        if process.poll() is None:
            # pytest tears its servers down on SIGINT, not on SIGTERM.
            process.terminate() if os.name == "nt" else process.send_signal(signal.SIGINT)
            try:
                process.wait(GRACE_S)
            finally:
                process.kill()


def set_up():
    """Make the virtual environment what the project's files ask for.

    The tools of `test` and `docs` come with it, so that every target works offline from then on.
    """
    if is_done():
        return
    with alone():
        if is_done():
            return
        torch = PYTHON.is_file() and has_torch()
        check_disk(NEEDED_GB["torch is there" if torch else "with torch"])
        print(f"gradviz: setting up {VENV} (a minute or two, once)", flush=True)
        make_venv()
        STAMP.write_text(UNFINISHED)
        if not has_torch():
            install(TORCH_RANGE if has_gpu() else TORCH_CPU)
        install("-e", f"{ROOT}[dev,docs]")
        STAMP.write_text(fingerprint())


def is_done():
    """Whether an earlier set-up reached its end, and its Python is still there."""
    return PYTHON.is_file() and stamp() == fingerprint()


def stamp():
    """What the stamp file says; nothing where there is none."""
    return STAMP.read_text() if STAMP.is_file() else ""


def fingerprint():
    """Hash of all that decides what is installed."""
    import tomllib

    metadata = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    parts = [str(ROOT), TORCH_CPU, repr(metadata["project"]), repr(metadata["build-system"])]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@contextlib.contextmanager
def alone():
    """Wait while another set-up of this checkout goes on; the lock ends with the process."""
    with Path(__file__).open() as file:
        try:
            import fcntl
        except ImportError:  # Windows: two first starts at once are the user's to avoid.
            yield
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("gradviz: another set-up goes on; waiting for it", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            pass  # A file system without locks.
        yield


def make_venv():
    """Create the virtual environment, or mend a half-made one; a user's own is kept."""
    try:
        import ensurepip  # noqa: F401
        import venv
    except ImportError:
        raise SetupError(
            "This Python has no venv module; install it (on Debian: apt install python3-venv)."
        ) from None
    if stamp() != UNFINISHED and PYTHON.is_file() and (has_pip() or quiet("-m", "ensurepip")):
        return
    if VENV.is_dir() and any(VENV.iterdir()):
        if not STAMP.is_file() and not (VENV / "pyvenv.cfg").is_file():
            raise SetupError(
                f"{VENV} must be empty or a virtual environment, and holds other files; "
                "move them, or set GRADVIZ_VENV to another folder."
            )
        shutil.rmtree(str(VENV))
    try:
        VENV.mkdir(parents=True, exist_ok=True)
        STAMP.write_text(UNFINISHED)
        venv.EnvBuilder(with_pip=True).create(str(VENV))
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError(f"A virtual environment could not be made in {VENV}: {error}.") from None


def quiet(*arguments):
    """Whether the environment's Python does this; what it says is not shown."""
    command = [str(PYTHON), *arguments]
    return not subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def has_pip():
    """Whether the environment is new enough and can install."""
    return quiet("-c", f"import sys, pip; sys.exit(sys.version_info < {OLDEST_PYTHON})")


def has_torch():
    """Whether a torch in range works there already: a user's own build is kept."""
    code = "import sys, torch; v = torch.__version__.split('.'); n = int(v[0]), int(v[1])"
    return quiet("-c", f"{code}; sys.exit(not (2, 6) <= n < (3, 0))")


def has_gpu():
    """Whether an NVIDIA driver answers."""
    tool = shutil.which("nvidia-smi")
    return bool(tool) and subprocess.call([tool, "-L"], stdout=subprocess.DEVNULL) == 0


def install(*packages):
    """Pip install, its output shown in short and kept in full."""
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", *packages]
    environment = dict(os.environ, PYTHONUTF8="1", PIP_USER="0")
    environment.pop("PYTHONPATH", None)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
    pipes.update(encoding="utf-8", errors="replace")
    said = []
    with child(command, env=environment, **pipes) as pip, LOG.open("a", encoding="utf-8") as log:
        for line in pip.stdout:
            log.write(line)
            said.append(line)
            if line.startswith(("Collecting", "Installing", "WARNING: Retrying")):
                print("  " + line.strip()[:100], flush=True)
    if pip.returncode:
        raise SetupError(why_not(" ".join(packages), "".join(said)))


def why_not(packages, said):
    """The sentence for what pip said when it gave up."""
    if "No space left" in said:
        places = f"{VENV} and {tempfile.gettempdir()}"
        return f"The disk became full; free about 3 GB for {places}. Details: {LOG}."
    STAMP.write_text(READY_FOR_PIP)  # pip refused before it changed anything.
    if any(sign in said for sign in OFFLINE):
        return f"No network: the first set-up must download its packages; try again. Log: {LOG}."
    if "No matching distribution" in said:
        ours = "{}.{} on {}".format(*sys.version_info[:2], sys.platform)
        return f"There is no {packages} for Python {ours}; try another Python. Details: {LOG}."
    return f"pip could not install {packages}; see {LOG}."


def check_disk(needed_gb):
    """Refuse a disk without room for the environment."""
    place = next(each for each in (VENV, *VENV.parents) if each.exists())
    free_gb = shutil.disk_usage(str(place)).free / 1e9
    if free_gb < needed_gb:
        raise SetupError(
            f"Set-up needs {needed_gb:g} GB free in {place}, got {free_gb:.1f} GB; "
            "free some, or set GRADVIZ_VENV to a folder on another disk."
        )


def port_of(arguments):
    """The port asked for: --port N or --port=N."""
    words = " ".join(arguments).replace("--port=", "--port ").split()
    if not words:
        return 8501
    if len(words) != 2 or words[0] != "--port":
        raise SetupError("run takes --port N, got {!r}.".format(" ".join(arguments)))
    if not (words[1].isdecimal() and 1 <= int(words[1]) <= 65535):
        raise SetupError(f"--port must be 1…65535, got {words[1]}.")
    return int(words[1])


def check_port(port):
    """Refuse a port that cannot be listened on."""
    with socket.socket() as caller, socket.socket() as listener:
        caller.settimeout(1)
        taken = caller.connect_ex(("127.0.0.1", port)) == 0
        if os.name != "nt":
            # The ended server's last connections may linger for a minute.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except PermissionError:
            raise SetupError(f"Port {port} is not allowed; choose one of 1024…65535.") from None
        except OSError:
            taken = True
    if taken:
        raise SetupError(
            f"Port {port} is taken; end what listens there, or choose another with --port."
        )


def chromium():
    """A browser for the tests; installed where it is missing and that is possible."""
    return browser_here() or from_apt() or from_playwright() or no_browser()


def browser_here():
    """Path of an installed browser; GRADVIZ_CHROMIUM names one that is elsewhere."""
    named = os.environ.get("GRADVIZ_CHROMIUM")
    if named and not Path(named).is_file():
        raise SetupError(f"GRADVIZ_CHROMIUM must be a browser's program, got {named}.")
    found = [named, *map(shutil.which, BROWSERS)]
    return next(filter(None, [*found, *filter(os.path.isfile, BROWSER_FILES)]), None)


def from_apt():
    """Chromium of Debian and its like, where we may install it."""
    root = [] if getattr(os, "geteuid", lambda: 1)() == 0 else ["sudo", "-n"]
    if not shutil.which("apt-get") or (root and not shutil.which("sudo")):
        return None
    print("gradviz: installing Chromium for the browser tests", flush=True)
    for step in (["update", "-qq"], ["install", "-y", "-qq", "chromium"]):
        command = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *step]
        with child(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
            process.wait()
    return browser_here()


def from_playwright():
    """Playwright's own Chromium."""
    with child([str(PYTHON), "-m", "playwright", "install", "chromium"]) as process:
        process.wait()
    code = (
        "from playwright.sync_api import sync_playwright as s\n"
        "with s() as p: print(p.chromium.executable_path)"
    )
    told = subprocess.run([str(PYTHON), "-c", code], stdout=subprocess.PIPE, encoding="utf-8")
    path = told.stdout.strip()
    return path if path and Path(path).is_file() else None


def no_browser():
    """Say so."""
    raise SetupError(
        "The browser tests need Chromium and it could not be installed; install Chromium or Chrome "
        "(or name one in GRADVIZ_CHROMIUM), or use `test --fast`."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
