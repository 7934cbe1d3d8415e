"""The stamp: what was run, in a line, in LaTeX, and beneath a picture."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import plotly.graph_objects as go
import pytest
from fabricated import fabricate

from gradviz import RunConfig, figures
from gradviz.config import RecordedConfig
from gradviz.exports import ExportError, Stamp, latex_caption, link_of, settings_of, stamped


def test_settings_say_what_differs_and_what_is_shared() -> None:
    rnn = RunConfig(seq_len=40, clip="value")
    said = settings_of({"a": [rnn, rnn.replace(seed=1)], "b": [rnn.replace(cell="gru")]}, 1200)
    parts = said.split(" · ")
    assert parts[0] == "step 1,200"
    assert {"task=adding", "seq_len=40", "clip=value"} <= set(parts)
    assert parts[-2:] == ["a: cell=rnn, seed=0+1", "b: cell=gru, seed=0"]


def test_a_run_of_a_users_own_is_said_by_its_model() -> None:
    own = RecordedConfig(model="LSTM(8, 32)", settings={"corpus": "tides", "width": 3})
    assert settings_of({"": [own]}) == "model=LSTM(8, 32) · corpus=tides · width=3"
    assert settings_of({}) == ""


def test_a_link_asks_for_the_settings_again() -> None:
    config = RunConfig(cell="gru", seq_len=33)
    link = link_of("http://127.0.0.1:8501/base/", "live_training", config.to_query())
    parts = urlsplit(link)
    assert parts.path == "/base/live_training"
    assert RunConfig.from_query(parse_qs(parts.query)) == (config, [])
    several = link_of("", "compare", {"b": ["x&y", "z"]})
    assert parse_qs(urlsplit(several).query) == {"b": ["x&y", "z"]}


def test_latex_has_nothing_left_that_tex_would_read() -> None:
    stamp = Stamp(
        picture="gate_means", caption="50 %\nof {f_t} & $x$ \\ ~^#", link="http://a/b_c%20"
    )
    first, label, comment = latex_caption(stamp).split("\n")
    words = r"50 \% of \{f\_t\} \& \$x\$ \textbackslash{} \textasciitilde{}\textasciicircum{}\#."
    assert first == f"\\caption{{{words}}}"
    assert label == r"\label{fig:gate-means}"
    assert comment == "% http://a/b_c%20"


def words_beneath(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations if note.yref == "paper" and note.y == 0]


def test_the_words_stand_beneath_and_the_figure_itself_stays() -> None:
    figure = figures.loss(fabricate(), None, theme="light")
    before = figure.to_json()
    stamp = Stamp(picture="loss", caption="a <b> & $x$ " * 30, settings="task=adding")
    whole = stamped(figure, stamp, width=500)
    assert figure.to_json() == before
    lines = words_beneath(whole)
    assert len(lines) > 4
    assert "&lt;b&gt; &amp; &#36;x&#36;" in lines[0]
    assert lines[-1].startswith("task=adding · gradviz ")
    grown = whole.layout.height - figure.layout.height
    assert whole.layout.margin.b - figure.layout.margin.b == grown
    deepest = min(note.yshift for note in whole.layout.annotations if note.yshift)
    assert -deepest + 10 < whole.layout.margin.b
    assert whole.layout.meta["axis"] == "step"
    assert whole.layout.meta["gradviz"]["Settings"] == "task=adding"


def test_wide_letters_have_fewer_to_a_line() -> None:
    figure = figures.loss(fabricate(), None, theme="dark")
    latin, wide = (
        words_beneath(stamped(figure, Stamp(picture="loss", caption=letter * 400), theme="dark"))
        for letter in ("x", "勾")
    )
    assert len(wide) > len(latin) > 2


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        ({"width": 100}, "width must be 200…6000 px, got 100."),
        ({"height": 7000}, "height must be 200…6000 px, got 7000."),
        ({"height": 210}, r"height must be at least \d+ for these words, got 210; make it higher"),
    ],
)
def test_a_size_that_cannot_be_is_refused(size: dict[str, int], sentence: str) -> None:
    figure = figures.loss(fabricate(), None, theme="light")
    with pytest.raises(ExportError, match=sentence):
        stamped(figure, Stamp(picture="loss", caption="long " * 90), **size)
