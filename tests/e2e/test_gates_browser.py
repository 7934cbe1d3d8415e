"""The Gates page as a user meets it: open, hover, turn, train, look elsewhere, look back."""

from __future__ import annotations

import math

from live_page import LivePage
from playwright.sync_api import Page, expect

LINKED = ("gate_maps", "gate_means", "forget_path", "gradient_flow", "transport")
"""The pictures by timestep."""

TICKS = """(t) => Object.fromEntries([...document.querySelectorAll(".gv-card")].map((card) => {
    const label = [...card.querySelectorAll(".xtick text")].find((each) => each.textContent === t);
    const box = label?.getBoundingClientRect();
    return [card.dataset.picture, box ? box.left + box.width / 2 : null];
}))"""
"""The middle of the tick with this label, by picture."""

CURSORS = """() => Object.fromEntries([...document.querySelectorAll(".gv-cursor")]
    .filter((each) => !each.hidden)
    .map((each) => [each.closest(".gv-card").dataset.picture,
        [each.getBoundingClientRect().left, each.dataset.at]]))"""
"""Place and words of each line that is to be seen, by picture."""

ROWS = """(row) => {
    const plot = document.querySelector("[data-picture=gate_maps] .gv-plot");
    const drawn = plot._fullData.find((each) => each.hovertemplate.includes(`: ${row} `));
    return [...drawn.z].map((unit) => [...unit]);
}"""
"""Unit by timestep values of one map."""


STARTING_S = 180.0
"""A fresh server's first worker imports torch, at nice 10, before it takes a step."""


def opened(server: str, page: Page, query: str = "") -> LivePage:
    """The page with its pictures: of the recorded run's last step, or of a first one."""
    page.goto(f"{server}/gates?{query}")
    live = LivePage(page)
    live.until(lambda: live.settled() > 0, STARTING_S)
    return stands(live, live.shown())


def stands(live: LivePage, step: int, pictures: int = 8) -> LivePage:
    """Wait until all pictures are drawn, of this step."""
    live.until(lambda: live.settled() == step and len(live.drawn()) == pictures, STARTING_S)
    return live


def test_it_opens_with_every_gate_of_a_sequence(server: str, page: Page) -> None:
    live = opened(server, page)
    expect(live.words).to_contain_text("The forget gates of l0 are at")
    assert "task=recall" in page.url
    live.scrubber.focus()
    live.scrubber.press("Home")
    stands(live, 1)
    forget = page.evaluate(ROWS, "forget")
    assert (len(forget), len(forget[0])) == (32, 50)
    mean = sum(map(sum, forget)) / (32 * 50)
    # At first little else drives a gate than its bias of 2.
    assert abs(mean - 1 / (1 + math.exp(-2))) < 0.02


def test_the_pointers_timestep_is_marked_in_every_picture(server: str, page: Page) -> None:
    live = opened(server, page)
    page.set_viewport_size({"width": 1280, "height": 2800})
    ticks: dict[str, float | None] = {}

    def still() -> bool:
        nonlocal ticks
        before, ticks = ticks, page.evaluate(TICKS, "20")
        return before == ticks and all(ticks[name] for name in LINKED)

    live.until(still)
    maps = page.locator("[data-picture=gate_maps] .gv-plot").bounding_box()
    assert maps is not None
    for share in (0.3, 0.7):  # Over two of the maps.
        page.mouse.move(ticks["gate_maps"] or 0, maps["y"] + share * maps["height"])
        live.until(lambda: set(page.evaluate(CURSORS)) == set(LINKED))
        for name, (left, words) in page.evaluate(CURSORS).items():
            assert words == "t = 20"
            assert abs(left - (ticks[name] or 0)) < 2
    page.mouse.move(5, 5)
    live.until(lambda: page.evaluate(CURSORS) == {})


def test_the_gates_change_as_it_learns_and_can_be_walked_through(server: str, page: Page) -> None:
    live = opened(server, page, "task=adding&cell=lstm&seq_len=30")
    fresh = page.evaluate(ROWS, "forget")
    live.play.click()
    live.until(lambda: live.step() >= 30)
    stood = live.pause()
    stands(live, stood)
    learned = page.evaluate(ROWS, "forget")
    assert learned != fresh

    # Another sequence, at rest: the same step, looked at anew; nothing starts over.
    page.get_by_role("spinbutton", name="Sequence").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator("[data-picture=gate_maps] .gtitle")).to_contain_text("#2")
    live.until(lambda: page.evaluate(ROWS, "forget") not in (learned, fresh))
    assert live.step() == stood
    live.until(lambda: "sequence=2" in page.url)

    live.scrubber.focus()
    live.scrubber.press("Home")
    stands(live, 1)
    assert page.evaluate(ROWS, "forget") == fresh
    expect(live.words).to_contain_text("At this step sequence 1 of l0 was looked at.")


def pick(page: Page, cell: str) -> None:
    page.get_by_test_id("stMain").get_by_role("combobox", name="Cell").click()
    page.get_by_role("option", name=cell, exact=True).click()


def test_the_slider_and_the_cell_start_anew_at_once(server: str, page: Page) -> None:
    live = opened(server, page, "task=recall&seq_len=30&cell=lstm&forget_bias=4.5")
    page.get_by_role("slider", name="Forget bias").focus()
    page.keyboard.press("ArrowRight")
    live.until(lambda: "forget_bias=5.0" in page.url)
    expected = 1 / (1 + math.exp(-5))
    live.until(lambda: abs(live.trace("gate_means", "forget")["y"][10] - expected) < 0.005)
    stands(live, 1)

    pick(page, "GRU")
    expect(live.words).to_contain_text("The update gates of l0")
    expect(page.locator("[data-picture=gate_maps] .gtitle")).to_contain_text("Gates")

    pick(page, "RNN")
    expect(live.words).to_contain_text("A plain RNN has no gates")
    expect(page.locator("[data-picture=gate_maps] .gtitle")).to_contain_text("Hidden state")
    stands(live, 1, pictures=5)


def test_an_image_stands_above_its_maps_on_a_phone_too(server: str, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    live = opened(server, page, "task=digits_pixels&cell=gru&batch_size=16&num_layers=2&layer=l0")
    expect(live.words).to_contain_text("The update gates of l0")
    shown = page.locator("[data-picture=gate_maps] .hm image")
    expect(shown).to_have_count(5)  # The pixels by timestep, three gates, and the whole image.
    main = page.locator("[data-testid=stMain]")
    assert main.evaluate("(node) => node.scrollWidth <= node.clientWidth")
