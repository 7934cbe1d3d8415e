"""The pages that are photographed, and what is seen on each."""

from __future__ import annotations

from gradviz.shots.shot import PageShot
from gradviz.ui.lessons import LESSONS

WHERE_RUNS_ARE = r"[^\s,]*[/\\]runs\.db"
"""Of the folder that a photograph's server writes to."""


def _lesson(name: str, says: str, query: dict[str, str], **more: object) -> PageShot:
    return PageShot(page=name, title=LESSONS[name].title, says=says, query=query, **more)  # type: ignore[arg-type]


_LIVE = "A GRU that adds two numbers: its recorded run, in all pictures of Live training."
_GRU = {"cell": "gru", "recorded": "1"}

PAGE_SHOTS: tuple[PageShot, ...] = (
    PageShot(
        page="home",
        title="Home",
        says="Lessons with their scenarios, and the gallery of Live training.",
        most=1700,
    ),
    _lesson("live_training", _LIVE, _GRU, until="recorded 20", most=2200),
    _lesson("live_training", _LIVE, _GRU, until="recorded 20", width=390),
    _lesson("vanishing", "An orthogonal RNN of gain 1: transport by lag, spectra and a pulse.", {}),
    _lesson("gates", "Every gate of an LSTM with a forget bias of 2, unit by unit.", {}),
    _lesson("clipping", "One seed without a clip, by norm and by value, side by side.", {}),
    _lesson("cliff", "Two descents on the error surface of a single unit.", {}, most=1700),
    _lesson("compare", "Four cells on the same task and data.", {}),
    _lesson(
        "remedies",
        "An LSTM that forgets, three remedies, and the scoreboard of what each did.",
        {
            "task": "recall",
            "seq_len": "40",
            "cell": "lstm",
            "with": "zoneout,chrono,attention",
            "seeds": "1",
        },
    ),
    PageShot(
        page="runs",
        title="Runs",
        says="Three saved runs, with settings, losses and horizons.",
        changing={WHERE_RUNS_ARE: "~/.local/share/gradviz/runs.db"},
        least=700,
    ),
    PageShot(
        page="your_data",
        title="Your data",
        says="Where a text or a table of one's own becomes a task.",
        changing={r"\S*gradviz-shots-[^/\\]+[/\\]data": "~/.cache/gradviz/uploads"},
        least=700,
    ),
    PageShot(
        page="lecture",
        title="Lecture",
        says="A slide of the lecture on gradients: the linear picture beside what was measured.",
        query={"lecture": "gradients", "slide": "3"},
        least=800,
        most=1600,
    ),
    PageShot(
        page="self_check",
        title="Self-check",
        says="Gradients that are known on paper, measured on this machine.",
        press="Run the checks",
        until="checks are ok",
        changing={
            r"in \d+\.\d s": "in seconds",
            r"gradviz .* · torch .* · processor .*": "gradviz, torch, Python and the processor",
        },
        least=1000,
        most=1000,
    ),
)


def address_of(shot: PageShot) -> str:
    """The path and query that show a page."""
    from gradviz.exports import link_of

    return link_of("", shot.path, shot.query)
