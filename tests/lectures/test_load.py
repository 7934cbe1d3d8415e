"""A lecture's file: what is right is read, what is wrong is told with line and field."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from every import every
from hypothesis import given, settings
from hypothesis import strategies as st

from gradviz.config import RunConfig, allowed
from gradviz.lectures import PAGES, Lecture, LectureError, Quiz, Slide, load, parse
from gradviz.lectures.load import MOST_BYTES
from gradviz.scenarios import SCENARIOS

GOOD = """\
title: Monday
slides:
  - title: One
    do: Press it.
    look: Look at it.
    scenario: vanishing
"""


def problems(text: str) -> list[str]:
    with pytest.raises(LectureError) as caught:
        parse(text, "monday.yaml")
    assert str(caught.value).splitlines() == caught.value.problems
    return caught.value.problems


def slide(**fields: str) -> str:
    """A lecture of one slide; a field that is given takes the usual one's place."""
    usual = {"title": "One", "do": "Press it.", "look": "Look at it."} | fields
    lines = [f"    {name}: {value}\n" for name, value in usual.items()]
    return "title: Monday\nslides:\n  -\n" + "".join(lines)


def test_the_least_lecture() -> None:
    lecture = parse(GOOD)
    assert lecture.title == "Monday"
    assert lecture.language == "en"
    only = lecture.slides[0]
    assert only.text == "Press it. Look at it."
    assert only.page == "live_training"
    assert only.config == SCENARIOS["vanishing"].config
    assert only.set_ups == {"": only.config}
    assert only.quiz is None


def test_settings_change_the_scenario() -> None:
    only = parse(slide(scenario="explosion", settings="{clip: norm, seed: 3}")).slides[0]
    assert only.config.differences(SCENARIOS["explosion"].config) == {"clip": "norm", "seed": 3}
    assert parse(slide(settings="{cell: gru}")).slides[0].config == RunConfig(cell="gru")


def test_set_ups_differ_from_the_first() -> None:
    text = slide(page="compare", settings="{seq_len: 30}", versus="[{cell: gru}, {clip: none}]")
    first, second, third = parse(text).slides[0].set_ups.values()
    assert second.differences(first) == {"cell": "gru"}
    assert third.differences(first) == {"clip": "none"}
    assert first.seq_len == 30


def test_a_scenario_may_bring_its_set_ups() -> None:
    only = parse(slide(page="compare", scenario="cells", settings="{seq_len: 30}")).slides[0]
    variants = SCENARIOS["cells"].variants
    assert list(only.set_ups) == list(variants)
    for label, config in only.set_ups.items():
        assert config == variants[label].replace(seq_len=30)
    assert only.config == only.set_ups["RNN"]


def test_texts_are_one_line_and_notes_keep_their_paragraphs() -> None:
    only = parse(slide(do=">\n      Press\n      it.", notes="|\n      A\n\n      B")).slides[0]
    assert only.do == "Press it."
    assert only.notes == "A\n\nB"


def test_line_and_field_of_the_issue() -> None:
    text = GOOD.replace("vanishing", "clippin")
    assert problems(text) == [
        f"monday.yaml, line 6, slides[1].scenario: must be one of {len(SCENARIOS)} names, such as "
        "clipping, clipping_kinds, overclipped, got “clippin”."
    ]


def test_all_problems_in_the_order_of_the_file() -> None:
    text = """\
title: 42
colour: red
slides:
  - title: One
    do: Press it
    page: nowhere
    settings: {hidden_size: 4096, speed: 1}
  - title: Two
    do: Press it.
    look: Look at it.
    pictures: [loss, loss, glitter]
    steps: 10.5
    hide: words
    versus: [{cell: gru}]
"""
    places = [each.split(":")[0] for each in problems(text)]
    assert places == [
        "monday.yaml, line 1, title",
        "monday.yaml, line 2, colour",
        "monday.yaml, line 4, slides[1].look",
        "monday.yaml, line 5, slides[1].do",
        "monday.yaml, line 6, slides[1].page",
        "monday.yaml, line 7, slides[1].settings.hidden_size",
        "monday.yaml, line 7, slides[1].settings.speed",
        "monday.yaml, line 11, slides[2].pictures[2]",
        "monday.yaml, line 11, slides[2].pictures[3]",
        "monday.yaml, line 12, slides[2].steps",
        "monday.yaml, line 13, slides[2].hide",
        "monday.yaml, line 14, slides[2].versus",
    ]


@every(
    ("fields", "place", "words"),
    [
        ({"title": "7"}, "slides[1].title", "must be a text (put a number between quotes), got 7."),
        ({"title": ""}, "slides[1].title",
         "must be a text (put a number between quotes), got nothing."),
        ({"title": "x" * 61}, "slides[1].title", "must have at most 60 characters, got 61."),
        ({"title": '"  "'}, "slides[1].title", "must have one or more characters, got 0."),
        ({"do": "Press"}, "slides[1].do", "must be a sentence with its full stop, got “… Press”."),
        ({"do": '"A\\u202E."'}, "slides[1].do", "must be text, got the character U+202E."),
        ({"page": "clif"}, "slides[1].page", f"must be one of {', '.join(PAGES)}, got “clif”."),
        ({"settings": "{cell: [rnn]}"}, "slides[1].settings.cell", "must be one of rnn, lstm, gru"),
        ({"settings": "{x: 1}"}, "slides[1].settings.x", "There is no setting named “x”."),
        ({"settings": "3"}, "slides[1].settings", "must be a mapping (name: value), got 3."),
        ({"scenario": "digits_rows", "settings": "{seq_len: 9}"}, "slides[1].settings.seq_len",
         "must be a whole number, 8 for digits_rows, got 9."),
        ({"steps": "0"}, "slides[1].steps", "must be at least 1, got 0."),
        ({"steps": "true"}, "slides[1].steps", "must be a whole number, got true."),
        ({"steps": "1000000"}, "slides[1].steps", "must be at most 100,000, got 1000000."),
        ({"hide": "[everything]"}, "slides[1].hide[1]", "must be one of sidebar, "),
        ({"page": "cliff", "steps": "3"}, "slides[1].steps",
         "must be left out on page cliff, which trains nothing."),
        ({"seeds": "3"}, "slides[1].seeds",
         "must be left out on page live_training; only compare has it."),
        ({"page": "compare"}, "slides[1].versus", "must name one to three set-ups"),
        ({"page": "compare", "versus": "[{cell: gru}, {cell: gpu}]"},
         "slides[1].versus[2].cell", f"must be {allowed('cell')}, got “gpu”."),
        ({"pictures": "[pulse]"}, "slides[1].pictures[1]", "must be one of loss, "),
        ({"versus": "[{cell: gru}]"}, "slides[1].versus",
         "must be left out on page live_training, which shows one run."),
        ({"page": "compare", "scenario": "cells", "versus": "[{clip: none}]"}, "slides[1].versus",
         "must be left out: the scenario has set-ups of its own."),
        ({"scenario": "cells"}, "slides[1].scenario", "must be a scenario of one run on this page"),
        ({"page": "compare", "scenario": "cells", "settings": "{seq_len: 1}"},
         "slides[1].settings.seq_len", "must be a whole number, 2…1000, got 1."),
        ({"page": "compare", "scenario": "cells", "quiz": "{question: A?, measure: accuracy, "
          "set_up: 4, after: 2, options: [{text: A, below: 0}, {text: B, at_least: 0}]}"},
         "slides[1].quiz.after", "must be at most steps, 1, got 2."),
        ({"page": "compare", "versus": "[{cell: gru}]", "quiz": "{question: A?, measure: accuracy,"
          " set_up: 3, options: [{text: A, below: 0}, {text: B, at_least: 0}]}"},
         "slides[1].quiz.set_up", "must be at most 2 on this slide, got 3."),
        ({"quiz": "yes"}, "slides[1].quiz", "must be a mapping (name: value), got “yes”."),
    ],
)  # fmt: skip
def test_a_wrong_field_is_told(fields: dict[str, str], place: str, words: str) -> None:
    only = problems(slide(**fields))
    assert len(only) == 1
    assert only[0].split(": ", 1)[0].endswith(f", {place}")
    assert only[0].split(": ", 1)[1].startswith(words)


def test_settings_that_are_too_much_together() -> None:
    only = problems(slide(settings="{hidden_size: 512, batch_size: 512}"))
    assert len(only) == 1
    assert "slides[1].settings: hidden_size² · timesteps" in only[0]


def test_no_slides_and_too_many() -> None:
    assert "slides: must have one or more entries, got 0." in problems("title: A\nslides: []")[0]
    many = "title: A\nslides:\n" + "  - {title: One, do: Go., look: See.}\n" * 1000
    assert problems(many)[0].endswith("slides: must have at most 100 entries, got 1,000.")


def test_hundreds_of_problems_are_cut_off() -> None:
    told = problems("title: A\nslides:\n" + "  - {a: 1}\n" * 99)
    assert len(told) == 51
    assert told[-1] == "monday.yaml: and 346 problems more."


@every(
    ("text", "told"),
    [
        ("", ": must be a lecture, got an empty file."),
        ("# only this\n", ": must be a lecture, got an empty file."),
        ("- a\n- b\n", ", line 1: must be a mapping with title and slides, got a list."),
        ("title: A\n\tslides: []", ", line 2: must be indented with spaces, got a tab."),
        ("title: A\ntitle: B\n", ", line 2: must give “title” once, got it again."),
        ("title: Why: so", ", line 1: must be YAML, but the parser says: mapping values"),
        ("title: [A", ", line 1: must be YAML, but the parser says: "),
        ("title: A\n---\ntitle: B", ", line 2: must be one document, got a second “---”."),
        ("title: !!python/object/apply:os.getcwd []", ", line 1: must be plain YAML, got a tag"),
        ("title: &a A\nauthor: *a", ", line 1: must be written out, got an anchor (&) or alias"),
        ("title: *a", ", line 1: must be written out, got an anchor (&) or alias"),
        ("? [a]\n: b", ", line 1: must be a field's name, got a list or mapping."),
        ("a: " + "[" * 100_000, ", line 1: must be at most 8 levels deep."),
        ("title: A\nauthor: \x07", ", line 2: must be text, got a character that YAML does not"),
        ('title: "\\UFFFFFFFF"', ": must be YAML, got a character that YAML does not allow."),
        ('title: "\\ud800"', ", line 1: must be text, got half a character (\\ud800…\\udfff)."),
        ("%YAML 7.0\n---\ntitle: A", ", line 1: must be YAML, but the parser says: "),
    ],
)  # fmt: skip
def test_what_is_no_lecture_at_all(text: str, told: str) -> None:
    only = problems(text)
    assert len(only) == 1
    assert only[0].startswith(f"monday.yaml{told}")


def test_a_bomb_of_aliases_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60)]
    assert "got an anchor" in problems("\n".join(lines))[0]


def test_yaml_1_2_and_no_surprises() -> None:
    """No is a text, and so are dates, octal numbers and infinities."""
    for text in ("No", "on", "2024-01-01", ".inf", "0o17", "1:30", "12_000"):
        assert parse(slide(title=text)).slides[0].title == text


def written(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "monday.yaml"
    path.write_bytes(data)
    with pytest.raises(LectureError) as caught:
        load(path)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


def test_files(tmp_path: Path) -> None:
    latin = GOOD.replace("One", "Lücke").encode("latin-1")
    told = written(tmp_path, latin)
    assert told == "monday.yaml, line 3: must be UTF-8, got the byte 0xfc; save it as UTF-8."
    long = GOOD.encode() + b"#" * MOST_BYTES
    assert written(tmp_path, long) == "monday.yaml: must have at most 200,000 bytes, got more."
    path = tmp_path / "marked.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load(path) == parse(GOOD)


@pytest.mark.parametrize("path", ["nothing.yaml", ".", "a\0b.yaml"])
def test_a_path_that_is_no_file(tmp_path: Path, path: str) -> None:
    with pytest.raises(LectureError, match="must be"):
        load(f"{tmp_path}/{path}")


FIELDS = [*Lecture.model_fields, *Slide.model_fields, *Quiz.model_fields]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS | st.sampled_from([*PAGES, *SCENARIOS]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)


def answered(text: str) -> None:
    """Read, or refused in one voice: no other exception, no other kind of sentence."""
    told = []
    try:
        parse(text, "f.yaml")
    except LectureError as error:
        told = error.problems or [""]
    for problem in told:
        assert re.fullmatch(r"f\.yaml.*: .*\.", problem), problem
        assert problem.isprintable()
        assert "ruamel" not in problem
        assert len(problem) < 600


@given(text=st.text() | st.text(alphabet="-:[]{}&*!|>'\"%@`,#?~ \n\ta1\\xU", max_size=60))
@settings(deadline=None)
def test_any_text_is_answered(text: str) -> None:
    answered(text)


@given(
    fields=st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5),
    first=st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=8),
)
@settings(deadline=None)
def test_any_values_are_answered(fields: dict[str, Any], first: dict[str, Any]) -> None:
    """JSON is YAML: values of every kind at every place."""
    usual = {"title": "One", "do": "Go.", "look": "See."}
    answered(json.dumps({"title": "A", "slides": [usual | first]} | fields))


@given(at=st.integers(0, len(GOOD)), drop=st.integers(0, 10), put=st.text(max_size=5))
@settings(deadline=None)
def test_any_slip_of_the_pen_is_answered(at: int, drop: int, put: str) -> None:
    answered(GOOD[:at] + put + GOOD[at + drop :])
