"""Which lectures are found, and that nothing else is ever opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradviz.lectures import LectureError, find, folders, names
from gradviz.lectures.shelf import SHIPPED


def test_the_shipped_ones_are_always_there() -> None:
    assert set(names()) >= {"gradients", "clipping"}
    assert find("gradients", [SHIPPED]) == SHIPPED / "gradients.yaml"


def test_a_teachers_own_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lectures").mkdir()
    for name in ("here/a", "lectures/a", "lectures/b", "lectures/gradients"):
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text("title: A")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GRADVIZ_LECTURES", raising=False)
    assert names() == ("a", "b", "clipping", "gradients", "remedies")
    assert find("a").resolve() == tmp_path / "lectures/a.yaml"
    assert find("gradients").resolve() == tmp_path / "lectures/gradients.yaml"
    monkeypatch.setenv("GRADVIZ_LECTURES", f"{tmp_path}/here:/not/there")
    assert find("a").resolve() == tmp_path / "here/a.yaml"
    assert folders()[-2:] == (Path("lectures"), SHIPPED)


@pytest.mark.parametrize(
    "name",
    ["../secret", "/etc/passwd", "sub/inner", "Upper", "", ".", "a.yaml", "a\0", "é", "x" * 70],
)
def test_a_name_is_never_a_path(tmp_path: Path, name: str) -> None:
    shelf = tmp_path / "shelf"
    (shelf / "sub").mkdir(parents=True)
    for path in ("secret", "shelf/sub/inner", "shelf/Upper", "shelf/a", "shelf/é"):
        (tmp_path / f"{path}.yaml").write_text("title: A")
    assert names([shelf]) == ("a",)
    with pytest.raises(LectureError, match="lecture must be one of a, got “"):
        find(name, [shelf])


def test_a_folder_named_as_a_lecture_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    assert names([tmp_path, tmp_path / "none"]) == ()
    with pytest.raises(LectureError, match="there is none"):
        find("a", [tmp_path])
