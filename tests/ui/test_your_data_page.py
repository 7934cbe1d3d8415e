"""The Your data page without a browser: uploads good and bad, what is kept, what a run uses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from told import ROOT, Told, opened_page, stage_named, told_workers

from gradviz import RunConfig
from gradviz.config import TASKS
from gradviz.ui import session as ui_session
from gradviz.ui.own_data import OwnData
from gradviz.ui.words import plain
from gradviz.uploads import MOST_BYTES, Corpus, Series, Shelf, read_text

PARTS = {"train": 4000, "valid": 400, "test": 300}
TRIO = [(f"ptb.{part}.txt", b"a <unk> b b \n" * lines) for part, lines in PARTS.items()]
CSV = b"day,wind,rain,note\n" + b"".join(
    b"%d,%.3f,%s,calm\n" % (day, math.sin(day / 5), b"" if day % 9 == 2 else b"%d" % (day % 7))
    for day in range(60)
)
HOSTILE = "<img src=x onerror=alert(1)> **b** [a](http:b) $x$ www.evil.com"


@pytest.fixture(autouse=True)
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setenv("GRADVIZ_DATA", str(tmp_path / "data"))
    return Shelf()


@pytest.fixture(autouse=True)
def workers(monkeypatch: pytest.MonkeyPatch) -> Told:
    return told_workers(monkeypatch)


def opened() -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    page.switch_page("pages/your_data.py")
    page.run()
    assert not page.exception
    return page


def given(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """The uploader holds these files."""
    page.file_uploader[0].set_value([(*file, "text/plain") for file in files]).run()
    assert not page.exception
    return page


def with_csv(content: bytes = CSV, name: str = "weather.csv") -> AppTest:
    page = opened()
    page.radio("own_kind").set_value("series").run()
    return given(page, (name, content))


def pressed(page: AppTest, button: str) -> AppTest:
    page.button(button).click().run()
    assert not page.exception
    return page


def own(page: AppTest) -> OwnData:
    found: OwnData = page.session_state[ui_session._KEY].own
    return found


def config(page: AppTest) -> RunConfig:
    return stage_named(page, "live_training").config


def told_words(elements: Sequence[object]) -> str:
    """All of it, as it is read."""
    return "\n".join(str(each.value) for each in elements).replace("\\", "")  # type: ignore[attr-defined]


def taken(page: AppTest, button: str = "train_words") -> AppTest:
    """Go to Live training by a button that trains."""
    pressed(page, button)
    assert page.header[0].value == "Live training"
    query = dict(page.query_params)
    # AppTest itself stays on the page that switched.
    page.switch_page("pages/live_training.py").run()
    assert dict(page.query_params) == query == config(page).to_query()
    return page


def trained(page: AppTest) -> str:
    """Take a text to Live training; its id."""
    return config(taken(given(page, *TRIO))).data


# A text.


def test_three_files_are_told_apart_and_counted() -> None:
    page = given(opened(), *TRIO)
    rows = page.table[0].value
    assert list(rows["Part"]) == list(PARTS)
    # Without the blanks at a file's end; a line is four words and its end.
    assert list(rows["Characters"]) == [f"{13 * n - 2:,}" for n in PARTS.values()]
    assert list(rows["Words and signs"]) == [f"{5 * n:,}" for n in PARTS.values()]
    assert "4 different words" in told_words(page.caption)
    # Shares 2/5 (b), 1/5 (a), 1/5 (<unk>), 1/5 (line ends).
    perplexity = 2.5 ** (2 / 5) * 5 ** (3 / 5)
    assert f"a perplexity of **{perplexity:.1f}**. 20.0% of" in told_words(page.markdown)
    assert page.code[0].value.startswith("a <unk> b b \na <unk>")


def test_the_vocabulary_decides_the_perplexity() -> None:
    words = "".join(f"w{n} " * (n + 1) for n in range(100)).encode()
    page = given(opened(), ("words.txt", words + b"\n" + words))
    before = told_words(page.markdown)
    page.number_input("own_vocabulary_size").set_value(50).run()
    assert "0.0% of the words" in before
    assert "0.0% of the words" not in told_words(page.markdown)
    taken(page)
    assert config(page).vocabulary_size == 50


def test_words_are_taken_to_live_training_and_can_be_undone(shelf: Shelf) -> None:
    page = opened()
    data = trained(page)
    kept = shelf.get(data)
    assert isinstance(kept, Corpus)
    assert kept.name == "ptb.train.txt"
    chosen = config(page)
    assert (chosen.task, chosen.hidden_size, chosen.seq_len) == ("word_lm", 64, 35)
    assert (chosen.batch_size, chosen.clip, chosen.clip_threshold) == (20, "norm", 5.0)
    assert page.selectbox("setting_data").value == data
    assert "ptb.train.txt, ptb.valid.txt, ptb.test.txt" in told_words(page.caption)
    pressed(page, "undo")
    assert config(page) == RunConfig()


def test_characters_are_taken_to_live_training() -> None:
    page = taken(given(opened(), *TRIO), "train_characters")
    assert (config(page).task, config(page).seq_len) == ("char_lm", 60)
    assert config(page).data == Shelf().put(read_text(TRIO))


def test_a_text_without_words_trains_characters_only() -> None:
    page = given(opened(), ("dna.txt", b"acgtgacc" * 400))
    assert "dna.txt must have at least 200 words to train a model of words" in told_words(
        page.markdown
    )
    assert page.button("train_words").disabled
    taken(page, "train_characters")
    assert config(page).task == "char_lm"


def test_a_short_text_has_a_batch_that_can_be_read_in_order() -> None:
    page = taken(given(opened(), ("short.txt", b"some words of a text\n" * 110)))
    words = 6 * 99  # Of nine tenths of the lines.
    assert 5 < config(page).batch_size < 20
    assert config(page).batch_size * 35 < words


BAD = {
    "empty": (b"", "x.txt must be plain text, got an empty file; choose another."),
    "blank": (b" \n" * 50, "x.txt must be plain text, got only spaces and line breaks;"),
    "zip": (b"PK\x03\x04" + b"\0" * 5000, "x.txt must be plain text, got a zip or Office file;"),
    "binary": (b"ab\0" * 2000, "got a binary file (it has NUL bytes)"),
    "undecodable": ("é".encode() * 3000 + b"\xff", "must be UTF-8 text, got 0xFF as byte 6,001"),
    "short": (b"too short", "x.txt must have at least 2,000 characters to train on, got 9;"),
    "large": (b"a b\n" * (MOST_BYTES // 4 + 1), "x.txt must have at most 5 MB, got 5.0 MB;"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_text_is_answered_in_a_sentence_and_the_last_good_one_stays(name: str) -> None:
    content, sentence = BAD[name]
    page = given(opened(), *TRIO)
    good = own(page).text
    given(page, ("x.txt", content))
    assert sentence in told_words(page.error)
    assert own(page).text is good
    assert "Below is still ptb.train.txt." in told_words(page.caption)
    # Taken out again, the sentence goes and nothing else.
    given(page)
    assert not page.error
    assert own(page).text is good
    taken(page)
    assert config(page).data


def test_a_bad_file_among_several_is_named() -> None:
    page = given(opened(), *TRIO, ("notes.txt", b"what is this for"))
    assert "must say train, valid or test in its name, got notes.txt" in told_words(page.error)
    given(page, TRIO[1], TRIO[2])
    assert "must come with one to train on" in told_words(page.error)


def test_a_text_can_be_put_away() -> None:
    page = pressed(given(opened(), *TRIO), "own_put_away")
    assert own(page).text is None
    assert not page.code
    assert page.file_uploader[0].value == []
    assert "own_put_away" not in [each.key for each in page.button]


def test_an_upload_stays_while_other_pages_are_looked_at() -> None:
    page = given(opened(), *TRIO)
    good = own(page).text
    given(page, ("x.txt", b""))
    page.switch_page("pages/live_training.py").run()
    page.switch_page("pages/your_data.py").run()
    assert own(page).text is good
    # The file that was wrong is no longer in the uploader.
    assert not page.error
    assert page.code


def test_a_strangers_name_and_text_are_shown_as_they_are() -> None:
    text = f"{HOSTILE}\n" * 200
    page = given(opened(), (f"{HOSTILE}.txt", text.encode()))
    assert page.code[0].value.startswith(HOSTILE)
    taken(page, "train_characters")
    page.switch_page("pages/your_data.py").run()
    given(page, (f"{HOSTILE}.txt", b""))
    shown = [*page.subheader, *page.markdown, *page.caption, *page.error]
    said = [each.value for each in shown if "onerror" in each.value]
    assert len(said) >= 4
    for value in said:
        assert plain(HOSTILE[:50]) in value
        assert value.count("<") == value.count("\\<")
        assert "www\\." not in value
    assert all("onerror" not in each.proto.body for each in page.get("html"))


def test_the_folder_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("GRADVIZ_DATA", str(tmp_path / "file"))
    page = pressed(given(opened(), *TRIO), "train_words")
    assert page.header[0].value == "Your data"
    assert "must be a folder with room to write" in told_words(page.error)
    assert "live_training" not in page.session_state[ui_session._KEY].stages


# A series.


def test_columns_are_listed_and_one_worth_forecasting_is_chosen() -> None:
    page = with_csv()
    rows = page.table[0].value
    assert list(rows["Column"]) == ["day", "wind", "rain", "note"]
    assert list(rows["Holds"]) == ["numbers", "numbers", "numbers", "text"]
    assert [each.replace("\\", "") for each in rows["Missing"]] == ["0", "0", "7", "0"]
    assert [each.replace("\\", "") for each in rows["Greatest"]] == ["59", "1", "6", ""]
    # Not the day, which counts the rows.
    assert page.multiselect("own_columns").value == ["wind"]
    assert page.multiselect("own_columns").options == ["day", "wind", "rain"]


def test_missing_values_are_asked_for_where_there_are_some(shelf: Shelf) -> None:
    page = with_csv()
    assert [each.key for each in page.radio] == ["own_kind"]
    page.multiselect("own_columns").set_value(["wind", "rain"]).run()
    assert "7 values of “rain” were missing and interpolated" in told_words(page.markdown)
    page.radio("own_missing").set_value("drop").run()
    assert "7 of 60 rows had missing values and were left out" in told_words(page.markdown)
    taken(page, "train_series")
    kept = shelf.get(config(page).data)
    assert isinstance(kept, Series)
    assert kept.columns == ("wind", "rain")
    assert kept.values.shape == (53, 2)


def test_a_series_is_taken_to_live_training() -> None:
    page = with_csv()
    assert page.number_input("own_seq_len").value == 30  # Half of the rows.
    page.number_input("own_seq_len").set_value(12).run()
    page.number_input("own_forecast_steps").set_value(3).run()
    page.checkbox("own_normalise").uncheck().run()
    taken(page, "train_series")
    chosen = config(page)
    assert (chosen.task, chosen.seq_len, chosen.forecast_steps) == ("series", 12, 3)
    assert not chosen.normalise
    assert chosen.batch_size == (60 - 3) // 12
    assert page.selectbox("setting_data").options[1:] == ["weather.csv"]
    assert "weather.csv: 60 rows, 1 of 4 columns." in told_words(page.caption)


@pytest.mark.parametrize("rows", [32, 33, 60, 5000])
def test_the_window_fits_into_any_series(rows: int) -> None:
    lines = "".join(f"{math.sin(row)}\n" for row in range(rows))
    page = with_csv(f"x\n{lines}".encode())
    for key in ("own_seq_len", "own_forecast_steps"):
        box = page.number_input(key)
        box.set_value(box.max).run()
        assert not page.exception
    taken(page, "train_series")
    chosen = config(page)
    assert chosen.seq_len == min(TASKS["series"].seq_len[1], rows // 2)
    assert chosen.seq_len + chosen.forecast_steps < rows


def test_too_few_rows_without_gaps_are_said_and_can_be_mended() -> None:
    gaps = b"x,y\n" + b"".join(b"%d,%s\n" % (n % 5, b"" if n % 2 else b"3") for n in range(50))
    page = with_csv(gaps)
    page.multiselect("own_columns").set_value(["x", "y"]).run()
    page.radio("own_missing").set_value("drop").run()
    assert "Series must have at least 32 rows, got 25" in told_words(page.error)
    assert "train_series" not in [each.key for each in page.button]
    page.radio("own_missing").set_value("interpolate").run()
    assert not page.error
    page.multiselect("own_columns").set_value([]).run()
    assert "got none; choose one" in told_words(page.error)


BAD_TABLES = {
    "empty": (b"", "must be CSV, got an empty file"),
    "one line": (b"a,b,c", "must have rows below its header, got only one line;"),
    "no numbers": (b"a,b\n" + b"x,y\n" * 50, "must have a column of numbers, got “x” on line 2"),
    "few": (b"a\n1\n2\n", "must have at least 32 rows, one a timestep, got 2;"),
    "wide": (b",".join(b"c%d" % n for n in range(200_000)) + b"\n", "200,000"),
    "uneven": (b"a,b\n" + b"1,2\n" * 40 + b"1\n", "Line 42 of bad.csv must have 2 cells"),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_bad_csv_is_answered_in_a_sentence_and_the_last_good_one_stays(name: str) -> None:
    content, sentence = BAD_TABLES[name]
    page = with_csv()
    page.multiselect("own_columns").set_value(["rain"]).run()
    good = own(page).table
    given(page, ("bad.csv", content))
    assert sentence in told_words(page.error)
    assert own(page).table is good
    assert own(page).columns == ("rain",)
    assert "Below is still weather.csv." in told_words(page.caption)
    given(page)
    assert not page.error
    assert own(page).table is good


def test_a_new_table_begins_anew() -> None:
    page = with_csv()
    page.multiselect("own_columns").set_value(["rain", "wind"]).run()
    page.radio("own_missing").set_value("drop").run()
    given(page, ("other.csv", b"p,q\n" + b"1,2\n2,5\n4,4\n" * 20))
    assert own(page).columns == ("p",)
    assert own(page).missing == "interpolate"
    pressed(page, "own_put_away")
    assert own(page).table is None


def test_a_thousand_columns_can_be_chosen_from() -> None:
    names = ",".join(f"c{n}" for n in range(1000))
    row = ",".join(str(n % 7) for n in range(1000))
    page = with_csv(f"{names}\n{row}\n{row[::-1]}\n".encode() + f"{row}\n".encode() * 40)
    assert len(page.table[0].value) == 20
    assert "980 more columns can be chosen below" in told_words(page.caption)
    page.multiselect("own_columns").set_value([f"c{n}" for n in range(990, 1000)]).run()
    taken(page, "train_series")
    assert config(page).task == "series"


# What is kept.


def test_what_is_kept_is_listed_in_its_own_tab_alone_and_the_link_serves_all() -> None:
    page, other = opened(), opened()
    data = trained(page)
    page.switch_page("pages/your_data.py").run()
    assert f"delete_{data}" in [each.key for each in page.button]
    other.run()
    assert not [each for each in other.button if each.key.startswith("delete")]
    assert "ptb.train.txt" not in told_words([*other.markdown, *other.caption])
    other.switch_page("pages/live_training.py")
    other.query_params["task"] = "word_lm"
    other.run()
    assert other.selectbox("setting_data").options == ["what comes with gradviz"]
    guest = opened_page("live_training", config(page).to_query())
    assert config(guest) == config(page)
    assert guest.selectbox("setting_data").options == ["what comes with gradviz", "ptb.train.txt"]
    assert not guest.warning
    # Whoever came by the link can train on it, and does not list it.
    assert own(guest).shelved == []


def test_deleted_data_are_gone_and_said_where_they_are_used(shelf: Shelf) -> None:
    page = opened()
    data = trained(page)
    page.switch_page("pages/your_data.py").run()
    pressed(page, f"delete_{data}")
    assert shelf.contents() == ()
    assert "Nothing yet." in told_words(page.caption)
    page.switch_page("pages/live_training.py").run()
    assert not page.exception
    missing = f"The data {data} are not on this machine; upload the file again."
    assert missing in told_words(page.warning)
    assert config(page).data == data
    page.selectbox("setting_data").set_value("").run()
    assert not page.warning
    assert config(page).data == ""


def test_after_a_reload_the_same_upload_can_be_deleted(shelf: Shelf) -> None:
    data = trained(opened())
    again = opened()
    assert not [each for each in again.button if each.key.startswith("delete")]
    assert trained(again) == data
    again.switch_page("pages/your_data.py").run()
    pressed(again, f"delete_{data}")
    assert shelf.contents() == ()


def test_what_cannot_be_deleted_is_said(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened()
    data = trained(page)
    page.switch_page("pages/your_data.py").run()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    pressed(page, f"delete_{data}")
    assert "must be a folder that can be written, got Permission denied" in told_words(page.error)
    monkeypatch.undo()
    monkeypatch.setenv("GRADVIZ_DATA", str(shelf.folder))


@pytest.mark.parametrize("data", ["0123456789abcdef", "x" * 16, "../../etc/passwd", "0" * 5000])
def test_a_link_to_data_that_are_not_here_is_answered_in_a_sentence(data: str) -> None:
    page = opened_page("live_training", {"task": "char_lm", "data": data})
    said = told_words(page.warning)
    assert "are not on this machine; upload" in said or "data must be empty, or the 16" in said
    assert config(page).task == "char_lm"


def test_data_of_the_wrong_kind_are_said(shelf: Shelf) -> None:
    page = with_csv()
    taken(page, "train_series")
    series = config(page).data
    guest = opened_page("live_training", {"task": "word_lm", "data": series})
    wrong = "data must be a text for word_lm, got the series weather.csv; choose a text."
    assert wrong in told_words(guest.warning)
    # With another task the data that it cannot learn from go.
    page.selectbox("setting_task").set_value("word_lm").run()
    assert not page.exception
    assert config(page).data == ""
    assert page.selectbox("setting_data").options == ["what comes with gradviz"]


def test_compare_trains_on_them_too() -> None:
    page = opened()
    data = trained(page)
    other = opened_page("compare", {"task": "word_lm", "data": data, "vs": "cell=gru"})
    assert not other.warning
    assert other.selectbox("setting_data").value == data


def test_an_upload_alone_keeps_and_trains_nothing(workers: Told) -> None:
    page = given(opened(), *TRIO)
    assert workers.told == []
    assert Shelf().contents() == ()
    assert page.file_uploader[0].proto.max_upload_size_mb == 5
