"""Your data as a user meets it: upload a text and a CSV, train on both, upload what is wrong."""

from __future__ import annotations

import math
import random
from urllib.parse import parse_qs, urlparse

import pytest
from live_page import LivePage
from playwright.sync_api import FilePayload, Page, expect

from gradviz.uploads import MOST_BYTES

STARTING_S = 180.0
"""A fresh server's first worker imports torch, at nice 10, before it takes a step."""


def lines(count: int, seed: int) -> bytes:
    """Lines as those of the Penn Treebank: after a name comes its own verb."""
    draw = random.Random(seed)  # noqa: S311
    pairs = [("the cat", "sat"), ("the dog", "ran"), ("a <unk>", "fell"), ("mr. n", "said so")]
    return "".join(f" {' '.join(draw.choice(pairs))} \n" for _ in range(count)).encode()


def payload(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": content}


TRIO = [
    payload(f"ptb.{part}.txt", lines(count, count))
    for part, count in (("train", 3000), ("valid", 300), ("test", 299))
]
CSV = payload(
    "tides.csv",
    b"hour,height,www.example.com\n"
    + b"".join(
        b"%d,%.3f,%s\n" % (hour, 4 + 2 * math.sin(hour / 4), b"" if hour % 50 == 7 else b"1.5")
        for hour in range(600)
    ),
)


def opened(server: str, page: Page) -> LivePage:
    page.goto(f"{server}/your_data")
    expect(page.get_by_role("heading", name="Your data")).to_be_visible()
    return LivePage(page)


def upload(page: Page, *files: FilePayload) -> None:
    page.locator("input[type=file]").set_input_files(list(files))


def choose_series(page: Page) -> None:
    page.get_by_text("A series (CSV)").click()
    expect(page.get_by_text("A CSV: one row a timestep")).to_be_visible()


def said(page: Page, sentence: str) -> None:
    expect(page.locator("[data-testid=stAlert]")).to_contain_text(sentence)


def learns(live: LivePage, share: float) -> None:
    """Train until the loss has fallen to a share of the first, every picture drawn."""
    live.ready()
    live.play.click()
    live.until(lambda: live.step() >= 1, STARTING_S)

    def fell() -> bool:
        losses = live.trace("loss", "loss")["y"]
        return len(losses) > 3 and losses[-1] < share * losses[0]

    live.until(fell, STARTING_S)
    stood = live.pause()
    live.until(lambda: live.settled() == stood)


def data_of(page: Page) -> str:
    return parse_qs(urlparse(page.url).query)["data"][0]


def test_a_text_in_three_files_is_trained_on_and_deleted(server: str, page: Page) -> None:
    live = opened(server, page)
    upload(page, *TRIO)
    expect(page.get_by_role("heading", name="ptb.train.txt")).to_be_visible()
    expect(page.locator("[data-testid=stCode]")).to_contain_text("<unk>")
    expect(page.get_by_text("gives a perplexity of")).to_be_visible()
    live.press("Train on words")
    live.until(lambda: "data=" in page.url and "/live_training" in page.url)
    data = data_of(page)
    sidebar = page.locator("[data-testid=stSidebar]")
    expect(sidebar).to_contain_text("ptb.train.txt, ptb.valid.txt, ptb.test.txt: ")
    learns(live, 0.5)
    expect(live.words).to_contain_text("perplexity")
    # Of their words alone, as the network writes by itself.
    assert set(page.locator(".st-key-written code").inner_text().split()) <= {
        word.decode() for word in TRIO[0]["buffer"].split()
    }

    sidebar.get_by_role("link", name="Your data").last.click()
    expect(page.get_by_role("heading", name="Kept on this server")).to_be_visible()
    live.press("Delete")
    expect(page.get_by_text("Nothing yet.")).to_be_visible()
    missing = f"The data {data} are not on this machine; upload the file again."
    other = page.context.new_page()  # A reload would take part in the run that has begun.
    other.goto(f"{server}/live_training?task=word_lm&data={data}")
    expect(other.locator(".st-key-heading [data-testid=stAlert]")).to_contain_text(missing)
    LivePage(other).ready().play.click()
    expect(other.locator(".st-key-banners")).to_contain_text(
        f"The run could not be made: {missing}", timeout=60_000
    )
    expect(other.get_by_role("link", name="Upload it on Your data")).to_be_visible()
    assert other.get_by_text("Traceback").count() == 0
    other.close()


def test_a_csv_is_trained_on_and_its_link_serves_another_tab(server: str, page: Page) -> None:
    live = opened(server, page)
    choose_series(page)
    upload(page, CSV)
    expect(page.get_by_role("heading", name="tides.csv")).to_be_visible()
    picture = page.locator(".js-plotly-plot")
    expect(picture.locator(".gtitle")).to_contain_text("The chosen column")
    expect(picture.locator(".ytitle")).to_contain_text("height")
    # An address in a stranger's file is no link.
    expect(page.get_by_text("Missing values in “www")).to_be_visible()
    assert page.locator("a[href*=example]").count() == 0
    page.get_by_role("spinbutton", name="Rows in").fill("20")
    page.keyboard.press("Enter")
    live.press("Train on it")
    live.until(lambda: "seq_len=20" in page.url and "data=" in page.url)
    assert "task=series" in page.url
    expect(page.locator("[data-testid=stSidebar]")).to_contain_text("tides.csv: 600 rows")
    learns(live, 0.2)

    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator("[data-testid=stSidebar]")).to_contain_text("tides.csv: 600 rows")
    LivePage(other).ready()
    assert other.locator(".st-key-heading [data-testid=stAlert]").count() == 0
    other.goto(f"{server}/your_data")
    expect(other.get_by_text("Nothing yet.")).to_be_visible()
    other.close()


BAD_TEXTS = {
    "empty.txt": (b"", "must be plain text, got an empty file; choose another."),
    "binary.txt": (b"ab\0\x01" * 2000, "got a binary file (it has NUL bytes)"),
    "garbled.txt": ("é".encode() * 3000 + b"\xff", "must be UTF-8 text, got 0xFF as byte 6,001"),
    "line.txt": (b"one line", "must have at least 2,000 characters to train on, got 8;"),
}
BAD_TABLES = {
    "line.csv": (b"a,b,c", "must have rows below its header, got only one line;"),
    "wide.csv": (b",".join(b"c%d" % n for n in range(200_000)) + b"\n1", "got 200,000"),
    "words.csv": (b"a,b\n" + b"x,y\n" * 50, "must have a column of numbers, got “x” on line 2"),
}


def test_wrong_files_are_answered_while_a_run_goes_on(server: str, page: Page) -> None:
    live = LivePage(page).open(server)
    live.play.click()
    live.until(lambda: live.step() >= 3, STARTING_S)
    before = live.step()
    page.get_by_role("link", name="Your data").first.click()
    expect(page.get_by_role("heading", name="Your data")).to_be_visible()
    upload(page, payload("good.txt", lines(500, 1)))
    expect(page.get_by_role("heading", name="good.txt")).to_be_visible()
    page.get_by_role("button", name="Remove good.txt").click()
    for name, (content, sentence) in BAD_TEXTS.items():
        upload(page, payload(name, content))
        said(page, name)
        said(page, sentence)
        page.get_by_role("button", name=f"Remove {name}").click()
        expect(page.locator("[data-testid=stAlert]")).to_have_count(0)
    upload(page, payload("large.txt", b"a b\n" * (MOST_BYTES // 4 + 1)))
    expect(page.get_by_text("File must be 5.0MB or smaller.")).to_be_visible()

    choose_series(page)
    upload(page, CSV)
    expect(page.get_by_role("heading", name="tides.csv")).to_be_visible()
    for name, (content, sentence) in BAD_TABLES.items():
        upload(page, payload(name, content))
        said(page, sentence)
        # What was good stays.
        expect(page.get_by_role("heading", name="tides.csv")).to_be_visible()
        expect(page.get_by_text("Below is still tides.csv.")).to_be_visible()

    page.get_by_role("link", name="Live training").first.click()
    live.ready()
    assert "data=" not in page.url
    expect(live.play).to_contain_text("Pause")
    live.until(lambda: live.step() > before)
    stood = live.pause()
    assert stood > before
    assert live.trace("loss", "loss")["x"][0] == 1


@pytest.mark.parametrize("width", [390, 2560])
def test_the_page_fits(server: str, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    opened(server, page)
    upload(page, *TRIO)
    expect(page.get_by_role("button", name="Train on words")).to_be_visible()
    main = page.locator("[data-testid=stMain]")
    assert main.evaluate("(node) => node.scrollWidth <= node.clientWidth")
    choose_series(page)
    upload(page, CSV)
    expect(page.locator(".js-plotly-plot .gtitle")).to_be_visible()
    assert main.evaluate("(node) => node.scrollWidth <= node.clientWidth")
