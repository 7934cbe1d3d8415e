"""A user's text: what is read, how it is split, and a sentence for all that cannot be used."""

from __future__ import annotations

import codecs
import gzip
import io
import tomllib
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradviz.uploads import MOST_BYTES, Corpus, UploadError, read_text
from gradviz.uploads.corpus import LEAST_CHARACTERS, LEAST_PART, role_of

LINE = "the cat sat on the mat and saw a dog go by\n"
TEXT = LINE * 100
"""4300 characters, 1100 words, 100 lines."""


def corpus(content: str | bytes, name: str = "notes.txt") -> Corpus:
    data = content.encode() if isinstance(content, str) else content
    return read_text([(name, data)])


def refusal(*files: tuple[str, str | bytes]) -> str:
    """The sentence that these are refused with."""
    with pytest.raises(UploadError) as caught:
        read_text([(name, c.encode() if isinstance(c, str) else c) for name, c in files])
    return str(caught.value)


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("notes.txt", TEXT)
    return buffer.getvalue()


# What is read.


def test_a_plain_text_is_split_by_position_between_lines() -> None:
    found = corpus(TEXT)
    assert found.train + found.valid + found.test == TEXT.rstrip()
    assert found.train == LINE * 90
    assert found.valid == LINE * 5
    assert found.test == (LINE * 5).rstrip()
    assert found.source == (
        "notes.txt, split by position: 3,870 characters to train on, 215 characters to validate "
        "on and 214 characters to test on."
    )
    assert found.notes == ()
    assert found.words_trouble is None


@pytest.mark.parametrize(("before", "after", "cut"), [(5, 9, 5), (9, 5, -5), (9, 90, 9)])
def test_the_nearest_line_is_where_it_is_cut(before: int, after: int, cut: int) -> None:
    """Ends of lines some characters before and behind 90 % of 10 000; 100 are near enough."""
    text = list("x" * 10_000)
    text[9000 - before - 1] = text[9000 + after - 1] = "\n"
    assert len(corpus("".join(text)).train) == 9000 - cut


def test_one_line_is_split_between_words_and_says_so() -> None:
    found = corpus("word " * 1000)
    assert found.train + found.valid + found.test == ("word " * 1000).rstrip()
    assert found.train.endswith(" ")
    assert found.valid.endswith(" ")
    assert len(found.train) == pytest.approx(4500, abs=5)
    assert found.notes == ("notes.txt is one line: where a sentence or verse ends is not marked.",)


def test_a_text_without_spaces_serves_characters_only() -> None:
    found = corpus("acgt" * 1000)
    assert [len(part) for part in (found.train, found.valid, found.test)] == [3600, 200, 200]
    assert found.words_trouble == (
        "notes.txt must have at least 200 words to train a model of words on, got 1; choose a "
        "model of characters or a longer text."
    )
    assert found.words_trouble in found.notes
    assert any("has a word of 4,000 characters on line 1" in note for note in found.notes)


def test_words_are_counted_in_what_trains() -> None:
    long, short = corpus("elevenchars " * 240), corpus("elevenchars " * 210)
    # 0.9 of 240 and of 210 words.
    assert long.words_trouble is None
    assert "got 189;" in str(short.words_trouble)


def test_the_line_of_a_long_word_is_named() -> None:
    found = corpus(TEXT + "x" * 101 + "\n" + TEXT)
    assert [note for note in found.notes if "a word of 101 characters on line 101" in note]
    assert not corpus(TEXT + "x" * 100 + "\n" + TEXT).notes


def test_three_files_are_told_apart_by_their_names() -> None:
    files = [("ptb.test.txt", TEXT[:860]), ("ptb.train.txt", TEXT), ("ptb.valid.txt", TEXT[:430])]
    found = read_text([(name, text.encode()) for name, text in files])
    assert (found.name, found.notes) == ("ptb.train.txt", ())
    assert (found.train, found.valid, found.test) == tuple(
        text.strip() for text in (TEXT, TEXT[:430], TEXT[:860])
    )
    assert found.source.endswith(
        ": 4,299 characters to train on, 429 characters to validate on and 859 characters to "
        "test on."
    )
    assert "split" not in found.source


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("ptb.train.txt", "train"),
        ("TRAIN.TXT", "train"),
        ("wiki_training-2.txt", "train"),
        ("valid.txt", "valid"),
        ("wiki.val.tokens", "valid"),
        ("dev", "valid"),
        ("my validation.txt", "valid"),
        ("test.txt", "test"),
        ("latest.txt", None),
        ("trainspotting.txt", None),
        ("train_test.txt", None),
        ("notes.txt", None),
    ],
)
def test_roles(name: str, role: str | None) -> None:
    assert role_of(name) == role


@pytest.mark.parametrize("missing", ["valid", "test"])
def test_what_is_not_given_is_cut_from_the_end_of_what_trains(missing: str) -> None:
    given_role = {"valid": "test", "test": "valid"}[missing]
    files = [("train.txt", TEXT.encode()), (f"{given_role}.txt", (LINE * 7).encode())]
    found = read_text(files)
    assert getattr(found, given_role) == (LINE * 7).strip()
    assert found.train == LINE * 95
    assert getattr(found, missing) == (LINE * 5).strip()
    assert "split by position" in found.source


def test_a_single_file_is_a_plain_text_whatever_it_is_called() -> None:
    assert corpus(TEXT, "test.txt").train == LINE * 90


@pytest.mark.parametrize(
    "name", ["/home/eve/notes.txt", "C:\\eve\\notes.txt", " notes.txt ", "../../notes.txt"]
)
def test_a_name_is_without_folders(name: str) -> None:
    assert corpus(TEXT, name).name == "notes.txt"


def test_a_name_is_short_and_can_be_shown() -> None:
    assert corpus(TEXT, "a\u202eb\x00.txt").name == "a�b�.txt"
    assert len(corpus(TEXT, "x" * 10**6).name) == 60
    assert corpus(TEXT, "").name == "the file"


# Encodings.

GERMAN = "Größe und Maß: über die Straße, schöne Grüße aus Köln.\n" * 60
RUSSIAN = "Привет, как дела? Это обычный русский текст.\n" * 60
FRENCH = "L’élève à côté du café déjà fermé, où naît la forêt; ça coûte cher.\n" * 60
JAPANESE = "今日は天気がいいので散歩に行きましょう。\n" * 120


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_needs_no_guess(encoding: str) -> None:
    found = corpus((GERMAN + JAPANESE).encode(encoding))
    assert found.train + found.valid + found.test == (GERMAN + JAPANESE).strip()
    assert not [note for note in found.notes if "guess" in note]


def test_utf16_of_either_byte_order() -> None:
    for mark, encoding in [(codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")]:
        assert corpus(mark + TEXT.encode(encoding)).train == LINE * 90


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "cp1252"),
        (FRENCH, "cp1252"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (JAPANESE, "shift_jis"),
    ],
)
def test_older_encodings_are_guessed_and_the_guess_is_told(text: str, encoding: str) -> None:
    found = corpus(text.encode(encoding))
    assert found.train + found.valid + found.test == text.strip()
    assert found.notes[0].startswith("notes.txt is not in UTF-8; its encoding was guessed as ")


def test_utf8_with_one_broken_byte_is_no_other_encoding() -> None:
    lines = GERMAN.encode().splitlines(keepends=True)
    before = b"".join(lines[:20])
    data = before + b"caf\xe9 " + b"".join(lines[20:])
    assert refusal(("notes.txt", data)) == (
        f"notes.txt must be UTF-8 text, got 0xE9 as byte {len(before) + 4:,}, on line 21; "
        "save it as UTF-8."
    )
    # The mark is three bytes, of which Python does not count.
    assert f"as byte {len(before) + 7:,}, on line 21;" in refusal(
        ("notes.txt", codecs.BOM_UTF8 + data)
    )


def test_half_a_character_of_utf16() -> None:
    data = codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le") + b"a"
    assert refusal(("notes.txt", data)) == (
        f"notes.txt must be UTF-16 text, got 0x61 as byte {len(data):,}, on line 101; "
        "save it as UTF-8."
    )


def test_bytes_of_no_encoding() -> None:
    data = TEXT.encode() + bytes(range(0x80, 0x100)) * 40
    assert refusal(("notes.txt", data)).startswith(
        "notes.txt must be UTF-8 text, got 0x80 as byte 4,301, on line 101;"
    )


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n", "\f", "\v"])
def test_every_end_of_line_becomes_one(end: str) -> None:
    assert corpus(TEXT.replace("\n", end)).train == LINE * 90


# Faults.


def test_no_file() -> None:
    assert refusal() == "Upload one text, or files named train, valid and test; got no file."


def test_an_empty_file() -> None:
    sentence = "notes.txt must be plain text, got an empty file; choose another."
    assert refusal(("notes.txt", b"")) == sentence


@pytest.mark.parametrize("data", [b" ", b"\n\r\n\t " * 1000, codecs.BOM_UTF8, "\u3000".encode()])
def test_only_white_space(data: bytes) -> None:
    assert refusal(("notes.txt", data)) == (
        "notes.txt must be plain text, got only spaces and line breaks; choose another."
    )


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (zipped(), "a zip or Office file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG picture"),
        (b"%PDF-1.7\n" + TEXT.encode(), "a PDF"),
        (gzip.compress(TEXT.encode(), mtime=0), "a gzip file"),
        (b"{\\rtf1 " + TEXT.encode(), "a rich text file (RTF)"),
        (TEXT.encode() + b"\0" + TEXT.encode(), "a binary file (it has NUL bytes)"),
        (bytes(5000), "a binary file (it has NUL bytes)"),
        (
            codecs.BOM_UTF16_LE + (TEXT + "\0" * 9).encode("utf-16-le"),
            "9 control characters, the first U+0000 on line 101",
        ),
    ],
)
def test_binary_files(data: bytes, kind: str) -> None:
    assert refusal(("notes.txt", data)) == (
        f"notes.txt must be plain text, got {kind}; save it as plain text in UTF-8."
    )


def test_a_file_that_is_too_large() -> None:
    most = (LINE * (MOST_BYTES // len(LINE) + 1)).encode()[:MOST_BYTES]
    assert len(corpus(most).train) > 0.85 * MOST_BYTES
    assert refusal(("notes.txt", most + b"xx" * 2**19)) == (
        "notes.txt must have at most 5 MB, got 6.0 MB; upload a part of it."
    )
    with pytest.raises(UploadError, match="must have at most 5 MB"):
        corpus(most + b"x")


def test_the_limit_is_streamlits() -> None:
    settings = Path(__file__).parents[2] / ".streamlit/config.toml"
    server = tomllib.loads(settings.read_text("utf-8"))["server"]
    assert server["maxUploadSize"] * 2**20 == MOST_BYTES


def test_a_text_that_is_too_short() -> None:
    assert len(corpus("ab " * 666 + "ab").train) > 0
    assert refusal(("notes.txt", "ab " * 666 + "a")) == (
        "notes.txt must have at least 2,000 characters to train on, got 1,999; choose a longer "
        "text."
    )


def test_spaces_around_a_text_do_not_make_it_longer() -> None:
    assert "got 42;" in refusal(("notes.txt", " " * 5000 + LINE + "\n" * 5000))


def test_a_short_file_to_validate_or_test_on() -> None:
    files = [("train.txt", TEXT), ("valid.txt", TEXT), ("test.txt", LINE)]
    assert refusal(*files) == (
        "test.txt must have at least 50 characters to test on, got 42; choose a longer text."
    )
    files[1:] = [("valid.txt", "so be it")]
    assert refusal(*files).startswith("valid.txt must have at least 50 characters to validate on")


def test_a_gap_where_the_text_is_cut() -> None:
    assert refusal(("notes.txt", TEXT + "\n" * 2000 + "the end")) == (
        "The end of notes.txt must have at least 50 characters to validate on, got 0; choose a "
        "longer text."
    )


def test_two_files_of_the_same_role() -> None:
    assert refusal(("train.txt", TEXT), ("my.train.txt", TEXT)) == (
        "There must be one file to train on, got train.txt and my.train.txt; leave one out."
    )


def test_several_files_of_which_one_says_nothing() -> None:
    assert refusal(("train.txt", TEXT), ("notes.txt", TEXT)) == (
        "Each of several files must say train, valid or test in its name, got notes.txt; rename "
        "it, or upload one file alone."
    )


def test_valid_without_train() -> None:
    assert refusal(("valid.txt", TEXT), ("test.txt", TEXT)) == (
        "Files to validate or test must come with one to train on, got valid.txt and test.txt; "
        "upload a file named train as well."
    )


def test_a_fault_names_its_file_among_several() -> None:
    assert refusal(("train.txt", TEXT), ("valid.txt", b"\x89PNG\r\n")).startswith("valid.txt must")


def test_a_stray_control_character_becomes_a_space() -> None:
    found = corpus(TEXT + "a\x07b\n" + TEXT + "\x1a")
    assert "a b\n" in found.train
    assert found.notes == ("A control character of notes.txt, U+0007 on line 101, became a space.",)
    several = corpus(TEXT + "a\x07b\x1bc\n" + TEXT)
    assert several.notes[0] == (
        "2 control characters of notes.txt, the first U+0007 on line 101, became spaces."
    )


def test_many_control_characters_are_no_text() -> None:
    assert refusal(("notes.txt", TEXT + "\x1b[0m" * 200)) == (
        "notes.txt must be plain text, got 200 control characters, the first U+001B on line 101; "
        "save it as plain text in UTF-8."
    )


# Whatever comes.

PIECES = st.sampled_from(
    (
        *(b"word ", b"\n", LINE.encode() * 60, "é".encode(), b"\xe9 ", b"x" * 999, b" " * 999),
        *(b"\r", b"\f", b"\x07", b"\x1a", b"\0", b"\xed\xa0\x80", "日本\u2028".encode()),
    )
)
STARTS = st.sampled_from([b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b"PK\x03\x04", b"%PDF"])
LIKELY = st.lists(PIECES, max_size=6).map(b"".join).map(lambda end: TEXT.encode() + end)
CONTENTS = st.one_of(
    st.binary(max_size=4000),
    LIKELY,
    st.tuples(STARTS, st.lists(PIECES, max_size=12).map(b"".join)).map(b"".join),
)
FILES = st.one_of(
    st.lists(st.tuples(st.text(), CONTENTS), max_size=1),
    st.dictionaries(st.sampled_from(["train", "a.valid", "test.txt"]), LIKELY).map(dict.items),
    st.lists(st.tuples(st.one_of(st.text(), st.just("train.txt")), CONTENTS), max_size=3),
).map(list)


@given(files=FILES)
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_a_text_or_a_sentence(files: list[tuple[str, bytes]]) -> None:
    try:
        found = read_text(files)
    except UploadError as error:
        sentence = str(error)
        assert sentence.endswith(".")
        assert "\n" not in sentence
        assert len(sentence) < 400
        return
    assert len(found.train) > 0.8 * LEAST_CHARACTERS
    for part in (found.train, found.valid, found.test):
        assert len(part.strip()) >= LEAST_PART
        part.encode("utf-8")
        assert not set(part) & set("\0\r\f\v\x07\x1a\x1b")
    assert all(note.endswith(".") and len(note) < 400 for note in (*found.notes, found.source))
