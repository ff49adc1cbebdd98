"""The run report in a browser, as somebody opens it from a disk.

SEA_ICE_PICTURES=docs/pictures draws the picture of docs/report.md again.
"""

import os

import pytest
from PIL import Image

from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.imagery.predictions import PredictedMap
from sea_ice_kedro.imagery.simulate import sample_scenes, simulate_scene
from sea_ice_kedro.reporting.run_report.page import render_report
from sea_ice_kedro.reporting.run_report.pictures import ReportOptions, pictures_of
from tests.reporting.run_report.material import (
    clouds,
    ice,
    index,
    labels,
    material,
    record,
)
from tests.reporting.run_report.test_page import matrices
from tests.reporting.run_report.test_run_views import HISTORY

pytestmark = pytest.mark.browser


def pictures(count, size_px):
    """Pictures of simulated scenes, by scene id."""
    made = {}
    for scene_id, options, seed in sample_scenes(count, size_px, seed=1):
        scene = simulate_scene(options, seed).scene
        filtered = filter_scene(scene, FilterOptions(), BrightnessThresholds())
        class_map = label_scene(filtered, BrightnessThresholds())
        prediction = PredictedMap(
            scene_id, class_map.codes, confidence=class_map.codes * 0 + 90
        )
        rasters = {
            "scene": lambda s=scene: s,
            "filtered": lambda f=filtered: f,
            "class_map": lambda c=class_map: c,
            "prediction": lambda p=prediction: p,
        }
        made[scene_id] = pictures_of(rasters, ReportOptions())()
    return made


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A report of three scenes with everything that a report can have, on a disk."""
    shown = pictures(3, 256)
    ids = list(shown)
    low = index(
        ids,
        sun_elevation_deg=[5.0, 28.5, 28.5],
        location=["b", "c", "a"],
        latitude_deg=[-77.1, -75.0, 73.0],
        longitude_deg=[-175.0, 170.0, -140.0],
    )
    fractions = {"thin_ice_fraction": [0.3, float("nan"), 0.1]}
    html = render_report(
        material(
            scenes=low,
            clouds=clouds(ids),
            labels=labels(ids, **fractions),
            ice=ice(ids),
            matrices=matrices(),
            histories={"manual_original": HISTORY},
            pictures=shown,
            record=record(failures=[ids[0]], error="ended early", commit="0" * 40),
        )
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html, encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def opened(page, address):
    """The report in a browser, and what went wrong in it."""
    page.wrong = []
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("console", lambda message: page.wrong.append(message.text))
    page.goto(address)
    yield page
    assert page.wrong == []
    assert page.asked_of_others == []


def test_the_report_opens_from_a_disk_and_every_picture_is_seen(opened):
    assert opened.title().startswith("Run report: 2019-11-")
    assert opened.locator("h2").count() == 7
    widths = opened.eval_on_selector_all("img", "all => all.map(i => i.naturalWidth)")
    assert len(widths) == 3 * (2 + 6 + 2 + 1)
    assert min(widths) > 0


def test_the_divider_goes_with_the_keyboard_and_says_where_it_is(opened):
    slider = opened.get_by_label("divider of", exact=False).first
    slider.focus()
    for _ in range(3):
        opened.keyboard.press("ArrowRight")
    assert slider.input_value() == "53"
    words = "53 % as observed, the rest classes by the network"
    assert slider.get_attribute("aria-valuetext") == words
    place = opened.locator(".stage").first.evaluate(
        "s => s.style.getPropertyValue('--at')"
    )
    assert place == "53%"


def test_the_divider_goes_with_the_pointer(opened):
    stage = opened.locator(".stage").first
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    opened.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 9)
    opened.mouse.down()
    opened.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 9)
    opened.mouse.up()
    opened.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 9)
    slider = opened.get_by_label("divider of", exact=False).first
    assert 23 <= int(slider.input_value()) <= 27


def test_any_two_pictures_of_a_scene_are_laid_over_each_other(opened):
    shown = opened.locator(".stage").first
    opened.locator(".pick-left").first.select_option(label="quality")
    opened.locator(".pick-right").first.select_option(label="filtered")
    quality = opened.locator("img.quality").first.get_attribute("src")
    assert shown.locator("img.left").get_attribute("src") == quality
    assert "filtered" in shown.locator("img.right").get_attribute("alt")


def column(page, number):
    cells = page.locator(f"#overview tbody tr > :nth-child({number})")
    return [text.strip() for text in cells.all_text_contents()]


def test_the_table_is_sorted_by_its_headings_and_what_is_missing_comes_last(opened):
    heading = opened.locator("#overview th", has_text="thin ice")
    for order, expected in (
        ("ascending", ["10.0 %", "30.0 %", "–"]),
        ("descending", ["30.0 %", "10.0 %", "–"]),
    ):
        heading.locator("button").focus()
        opened.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == order
        assert column(opened, 10) == expected
    opened.locator("#input th", has_text="location").locator("button").click()
    assert opened.locator("#input tbody tr > :nth-child(3)").all_text_contents() == [
        *("a", "b", "c")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(opened, scheme):
    from tests.browser import serious_findings

    opened.emulate_media(color_scheme=scheme)
    assert serious_findings(opened) == []


def test_without_a_script_everything_is_still_there(opened, address):
    context = opened.context.browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(address)
    assert plain.locator(".pictures img").count() == 3 * 6
    assert not plain.locator(".compare").first.is_visible()
    assert plain.locator(".finding").first.is_visible()


def test_the_picture_of_the_docs_is_drawn(opened, tmp_path):
    """Of the report of `kedro run`, where SEA_ICE_REPORT names one."""
    named = os.environ.get("SEA_ICE_REPORT")
    if named:
        opened.goto(f"file://{os.path.abspath(named)}")
    folder = os.environ.get("SEA_ICE_PICTURES") or str(tmp_path)
    opened.set_viewport_size({"width": 1180, "height": 900})
    opened.locator("#scenes").scroll_into_view_if_needed()
    opened.locator("article.scene").nth(2).evaluate("s => s.scrollIntoView()")
    opened.wait_for_timeout(300)
    opened.screenshot(path=f"{folder}/report.png")
    with Image.open(f"{folder}/report.png") as drawn:
        few_colours = drawn.convert("RGB").quantize(256, Image.Quantize.FASTOCTREE)
    few_colours.save(f"{folder}/report.png", optimize=True)
    assert 10_000 < os.stat(f"{folder}/report.png").st_size < 300_000
