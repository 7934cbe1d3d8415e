"""Which pictures there are, and that each opens the page that it says."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from gradviz.config import RunConfig
from gradviz.recorded import load
from gradviz.scenarios import SCENARIOS
from gradviz.shots.leads import OF_A_SCENARIO, picture_shots
from gradviz.shots.opened import MOST_CAPTION, Opened, opened
from gradviz.shots.page_list import PAGE_SHOTS, address_of
from gradviz.shots.shot import PictureShot, ShotError, chosen
from gradviz.ui.lessons import LESSONS
from gradviz.ui.stage import Stage

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shown() -> dict[str, Opened]:
    return {shot.name: opened(shot) for shot in picture_shots()}


def test_every_scenario_has_a_picture_and_no_other_is_named(shown: dict[str, Opened]) -> None:
    assert {each.shot.scenario for each in shown.values()} == {"", *SCENARIOS}
    assert set(SCENARIOS) >= set(OF_A_SCENARIO)
    assert len(shown) == len(picture_shots()), "two shots have one name"


def test_every_page_is_photographed() -> None:
    pages = {path.stem for path in (ROOT / "pages").glob("*.py")}
    assert {shot.page for shot in PAGE_SHOTS} == {"home", *pages}
    assert "page.live_training.narrow" in {shot.name for shot in PAGE_SHOTS}


def test_what_is_drawn_is_the_recorded_run_of_the_scenario(shown: dict[str, Opened]) -> None:
    alone = [each for each in shown.values() if each.shot.scenario and not each.shot.query]
    for here in alone:
        recorded = [run.column("loss") for run in (load(here.shot.scenario) or {}).values()]
        drawn = [run.column("loss") for each in here.runs.values() for run in each]
        for one, other in zip(drawn, recorded, strict=True):
            # A page takes the first recording of the same settings, perhaps a shorter one.
            steps = min(len(one), len(other))
            np.testing.assert_array_equal(one[:steps], other[:steps], here.shot.name)


def test_a_link_recreates_the_settings(shown: dict[str, Opened]) -> None:
    for here in shown.values():
        address = urlsplit(here.url)
        assert address.path == f"/{here.shot.page}"
        query = parse_qs(address.query)
        if here.shot.page == "live_training":
            config, problems = RunConfig.from_query(query)
            assert not problems
            assert config == SCENARIOS[here.shot.scenario].config
        lesson = LESSONS[here.shot.page]
        stage = Stage(key="link", lesson=lesson, config=lesson.default)
        if query:
            lesson.take_query(stage, query)
        assert not stage.problems, here.shot.name
        assert stage.setups == here.stage.setups, here.shot.name


def test_the_vanishing_pages_show_their_first_step(shown: dict[str, Opened]) -> None:
    assert shown["gain_large.pulse"].steps == [1]
    assert shown["vanishing.transport"].steps == [800]


def test_a_caption_is_of_whole_sentences_of_the_page(shown: dict[str, Opened]) -> None:
    for here in shown.values():
        title, _, words = here.stamp().caption.partition(f"{here.title}. ")
        assert title == ""
        assert " ".join(here.sentences).startswith(words)
        assert len(words) <= max(MOST_CAPTION, len(here.sentences[0]))
        assert here.stamp().link.endswith(here.url)


def test_what_is_said_of_the_matrix_on_paper_is_so(shown: dict[str, Opened]) -> None:
    here = shown["gain_one.powers"]
    assert here.stamp().settings == "coupling=10 · radius=0.9"
    W = np.array([[0.9, 10.0], [0.0, 0.9]])
    norms = [np.linalg.norm(np.linalg.matrix_power(W, k), 2) for k in range(1, 100)]
    assert norms[0] < max(norms)
    assert norms[-1] < 1
    assert max(abs(np.linalg.eigvals(W))) < 1
    assert "grows before it falls" in " ".join(here.sentences)


def test_a_page_that_takes_settings_of_its_own_is_opened_with_them() -> None:
    (shot,) = (each for each in PAGE_SHOTS if each.page == "remedies")
    assert parse_qs(urlsplit(address_of(shot)).query)["with"] == ["zoneout,chrono,attention"]


def test_what_is_chosen_keeps_its_order_and_an_unknown_word_is_said() -> None:
    shots = [*picture_shots(), *PAGE_SHOTS]
    names = [each.name for each in chosen(shots, ["cliff", "gain_o*", "page.runs"])]
    assert names[:2] == ["gain_one.transport_by_lag", "gain_one.eigenvalues"]
    assert names[-4:] == ["cliff.surface_3d", "cliff.contour", "cliff.descent", "page.runs"]
    assert chosen(shots, []) == shots
    with pytest.raises(ShotError, match="nothing_such must name"):
        chosen(shots, ["nothing_such"])


def test_a_picture_that_the_page_lacks_is_refused() -> None:
    with pytest.raises(ShotError, match="one of the page's pictures"):
        opened(PictureShot(page="gates", scenario="gates_bias_0", picture="eigenvalues"))
