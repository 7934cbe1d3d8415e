"""What a fresh machine reads: the requirement files, the metadata, Streamlit's settings."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pytest
from every import every

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
STREAMLIT = tomllib.loads((ROOT / ".streamlit/config.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]
GIT = ("git", "-c", "safe.directory=*")
"""A CI may run as another user than the one that cloned."""

NOT_THIS_MACHINE = (
    "pypi" + ".org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "un" + "pkg.com",
    "cdn" + ".",
    "js" + "delivr",
    "cdn" + "js",
    "fonts." + "googleapis",
    "fonts." + "gstatic",
    "download." + "pytorch",
    "conda" + ".anaconda",
)
"""Put together, so that this file does not find itself."""


def tracked() -> list[Path]:
    listing = subprocess.run(
        [*GIT, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


def requirements() -> list[str]:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_requirements_and_metadata_ask_for_the_same() -> None:
    assert requirements() == PROJECT["dependencies"]


@every("requirement", PROJECT["dependencies"] + EXTRAS["dev"] + EXTRAS["docs"])
def test_a_dependency_has_both_bounds_and_the_installed_one_fits(requirement: str) -> None:
    found = re.fullmatch(r"([a-z.-]+)>=([\d.]+),<([\d.]+)", requirement)
    assert found, f"write {requirement} as name>=low,<high"
    name, low, high = found.groups()
    version = numbers(metadata.version(name))
    assert numbers(low) <= version < numbers(high)


def numbers(version: str) -> list[int]:
    """[2, 13, 0] for 2.13.0+cpu."""
    return [int(part) for part in version.split("+")[0].split(".") if part.isdigit()]


def test_the_version_is_written_once_for_users_and_once_for_python() -> None:
    import gradviz

    assert gradviz.__version__ == PROJECT["version"] == metadata.version("gradviz")


def test_every_folder_of_the_package_is_shipped_with_its_data() -> None:
    patterns = PYPROJECT["tool"]["setuptools"]["package-data"]["gradviz"]
    package = ROOT / "gradviz"
    data = [path for path in tracked() if package in path.parents and path.suffix != ".py"]
    assert data, "git lists no data files; is this a checkout?"
    # Path.match of Python 3.11 takes "**" for one folder, so the name alone is compared.
    left = [
        path.relative_to(package).as_posix()
        for path in data
        if not any(path.match(pattern.rsplit("/", 1)[-1]) for pattern in patterns)
    ]
    assert not left, "add these to [tool.setuptools.package-data]"


def test_the_files_a_reader_looks_for_are_there() -> None:
    assert "gradviz developers" in (ROOT / "LICENSE").read_text("utf-8")
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    readme = (ROOT / PROJECT["readme"]).read_text("utf-8")
    for command in ("python dev.py run", "python dev.py test", "pip install -r requirements.txt"):
        assert command in readme
    for name in PROJECT["license-files"]:
        assert (ROOT / name).is_file()


def test_nothing_is_fetched_from_a_registry_or_a_foreign_host() -> None:
    found = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", errors="replace").lower()
        found += [f"{path.relative_to(ROOT)}: {host}" for host in NOT_THIS_MACHINE if host in text]
    assert not found


def test_ci_runs_the_one_command() -> None:
    script = ROOT / ".ci/run"
    assert script.read_text("utf-8").splitlines()[-1] == "exec python3 dev.py test"
    listing = subprocess.run(
        [*GIT, "ls-files", "-s", ".ci/run"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert listing.stdout.startswith("100755")


def flat(table: dict[str, object], prefix: str = "") -> dict[str, object]:
    """{"server": {"port": 1}} as {"server.port": 1}."""
    found: dict[str, object] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


@every(("name", "value"), list(flat(STREAMLIT).items()))
def test_streamlit_knows_the_option(name: str, value: object) -> None:
    from streamlit import config

    known = config.get_config_options()  # The hidden ones included.
    assert name in known
    default = known[name].default_val
    assert default is None or isinstance(value, (type(default), bool))
    assert not known[name].deprecated


def test_streamlit_does_not_take_any_name_for_an_option() -> None:
    from streamlit import config

    assert "runner.postScriptGc" not in config.get_config_options()


def test_the_app_stays_on_this_machine_and_tells_the_browser_nothing() -> None:
    settings = flat(STREAMLIT)
    assert settings["server.address"] == "127.0.0.1"
    assert settings["server.allowedHosts"] == ["localhost", "127.0.0.1"]
    assert settings["server.maxUploadSize"] == 5
    assert settings["client.showErrorDetails"] == "none"
    assert settings["browser.gatherUsageStats"] is False


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_can_be_read(theme: str) -> None:
    """WCAG 2.2: 4.5 for text (7 asked here for the body), 3 for the edge of a control."""
    colours = STREAMLIT["theme"][theme]
    grounds = [colours["backgroundColor"], colours["secondaryBackgroundColor"]]
    grounds.append(colours["sidebar"]["backgroundColor"])
    for ground in grounds:
        assert contrast(colours["textColor"], ground) >= 7
        assert contrast(colours["linkColor"], ground) >= 4.5
        assert contrast(colours["primaryColor"], ground) >= 3
    caption = mixed(colours["textColor"], colours["backgroundColor"], 0.6)
    assert contrast(caption, colours["backgroundColor"]) >= 4.5
    assert contrast(colours["primaryColor"], "#ffffff") >= 4.5


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two #rrggbb, 1…21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mixed(one: str, other: str, share: float) -> str:
    """What `share` of one colour over another looks like."""
    pairs = [(int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)


def luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_contrast_of_black_and_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_all_that_the_app_imports_is_asked_for() -> None:
    named = {"scikit-learn": "sklearn", "ruamel.yaml": "ruamel"}
    named |= {"charset-normalizer": "charset_normalizer"}
    named |= {"pillow": "PIL"}

    def names_of(requirements: list[str]) -> set[str]:
        names = {re.split("[<>]", each)[0] for each in requirements}
        return {named.get(name, name) for name in names}

    app = [ROOT / "app.py", *ROOT.glob("pages/*.py"), *ROOT.glob("gradviz/**/*.py")]
    of_shots = set(ROOT.glob("gradviz/shots/*.py"))
    needed = names_of(PROJECT["dependencies"])
    assert imported_by(set(app) - of_shots) == needed | {"gradviz"}
    more = names_of(PROJECT["optional-dependencies"]["shots"])
    assert imported_by(of_shots) - needed == more | {"gradviz"}


def imported_by(paths: Iterable[Path]) -> set[str]:
    """The packages that these files import, but for Python's own."""
    imported = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.split(".")[0])
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "find_spec":
                imported.add(ast.literal_eval(node.args[0]))  # Of which a file is read.
    # pydantic-core is a part of pydantic: the two are released together.
    return imported - set(sys.stdlib_module_names) - {"pydantic_core"}
