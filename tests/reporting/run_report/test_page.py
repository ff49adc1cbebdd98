import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.reporting.run_report import page
from sea_ice_kedro.reporting.run_report.page import render_report
from sea_ice_kedro.reporting.run_report.scene_views import scale_bar
from sea_ice_kedro.run_record import RunRecord
from tests.reporting.run_report.material import (
    IDS,
    ice,
    index,
    labels,
    material,
    record,
    scores,
)

NOTHING = dict.fromkeys(["clouds", "labels", "ice", "scores", "class_scores", "split"])
PICTURE = b"RIFF....WEBP"


class Reader(HTMLParser):
    """Text of a page, its links, and what it would load."""

    def __init__(self, html):
        super().__init__()
        self.words, self.links, self.ids, self.loads, self.open = [], [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" else []
        loaded = given.get("src") or (given.get("href") if tag == "link" else None)
        self.loads += [loaded] if loaded else []
        self.open.append(tag)

    def handle_data(self, data):
        if self.open[-1:] not in (["style"], ["script"]):
            self.words += data.split()

    @property
    def text(self):
        return " ".join(self.words)


def read(**parts):
    return Reader(render_report(material(**parts)))


def matrices():
    keys = [c.key for c in SeaIceClass]
    key = {"method": "unet", "labels": "manual", "images": "original"}
    return pd.DataFrame(
        [
            {
                **{**key, "reference": "manual", "stratum": "all"},
                **{"reference_class": r, "predicted_class": p},
                **{"pixels": 100, "share_of_reference": 0.3333},
            }
            for r in keys
            for p in keys
        ]
    )


def test_the_page_tells_scenes_sources_checksums_and_statistics():
    text = read(record=record()).text
    assert "safe scene_a.SAFE 2019-11-03 19:09 UTC EPSG:32703 1000 × 1000 10.0" in text
    assert "md5:scene_a" in text
    assert "12.3 % 5.0 % 1.0 %" in text  # haze, shadow, changed
    assert "80.0 % of 1 200 km² observed in 12 scenes; overlaps count twice" in text


def test_the_page_tells_settings_software_times_and_failures():
    text = read(record=record(failures=["scene_b"])).text
    assert "filtering.method illumination published" in text
    assert "kedro run --env test : done after 1 min 45 s. Commit 0000" in text
    assert "kedro 1.7.0" in text
    assert "ingestion.ingest_scenes 2026-11-24 12:00 UTC 18.2 s 66 0 1 3.7/s" in text
    assert "scenes scene_b scene_b: damaged" in text


def test_scores_stand_with_what_they_were_measured_against():
    by_hand = read(matrices=matrices()).text
    assert "original all manual labels accuracy 96.32 %" in by_hand
    assert "thick ice 33.33 % 33.33 % 33.33 %" in by_hand
    simulated = read(scenes=index(source="sample")).text
    assert "original all the truth of simulated scenes accuracy 96.32 %" in simulated
    by_limits = read(scores=scores("auto"), class_scores=None).text
    assert "original all auto-labels agreement 96.32 %" in by_limits
    assert "accuracy 96.32 %" not in by_limits


def tiles(**material):
    """What stands at the top of the page."""
    return read(**material).text.partition("Findings Overview")[0]


def test_a_score_stands_at_the_top_only_where_it_is_of_the_network_of_the_maps():
    here = ice(model_checksum="sha256:a")
    same = scores().assign(model_checksum="sha256:a")
    other = scores().assign(model_checksum="sha256:b")
    assert "96.3 %" in tiles(ice=here, scores=same)
    assert "96.3 %" not in tiles(ice=here, scores=other)
    text = read(ice=here, scores=other).text
    assert "U-Net-Man, not the network of the maps here" in text
    assert "The scores are of another network than the maps" in text
    assert "not the network of" not in read(ice=here, scores=same).text


def test_agreement_of_the_limits_with_themselves_is_no_headline():
    itself = scores("auto").assign(method="thresholds", labels="none")
    assert "96.3 %" not in tiles(scores=itself)
    assert "96.32 %" in read(scores=itself).text


def test_seas_of_two_hemispheres_are_not_summed():
    both = index(crs=["EPSG:32703", "EPSG:3413", *["EPSG:3031"] * 10])
    text = tiles(scenes=both)
    assert re.search(r"ice concentration by \S.*, south .* in 11 scenes", text)
    assert re.search(r"ice concentration by \S.*, north .* in 1 scene", text)
    assert ", south" not in tiles()


def test_a_report_of_the_first_steps_alone_says_what_is_missing_and_how_to_get_it():
    text = read(**NOTHING).text
    assert "Class maps by brightness: kedro run --pipelines autolabel,reporting" in text
    assert "Scores: kedro run --pipelines modeling,evaluation,reporting" in text
    assert "No run is recorded beside these products" in text
    assert "how right these maps are is not known here" in text


def test_scenes_that_a_network_alone_has_mapped_lie_beside_its_classes():
    shown = {"original": PICTURE, "thumbnail": PICTURE}
    shown["thumbnail_prediction"] = PICTURE + b"2"
    alone = render_report(material(pictures={"scene_a": shown}, labels=None))
    both = render_report(
        material(pictures={"scene_a": {**shown, "thumbnail_classes": PICTURE + b"3"}})
    )
    for html, second in ((alone, b"2"), (both, b"3")):
        pair = re.search(r'class="pair">(.*?)</span>', html, re.DOTALL)[1]
        assert pair.count("<img") == 2
        assert base64.b64encode(PICTURE + second).decode() in pair


def test_a_report_of_maps_by_a_network_alone_asks_for_no_step_of_others():
    step = replace(record().latest[0], node="inference.index_scenes")
    text = read(**NOTHING, record=RunRecord().with_step(step)).text
    assert "scores: kedro run, which takes the scenes in" in text
    assert "autolabel,reporting" not in text


def test_whatever_a_scene_or_an_error_is_called_it_is_text():
    name = '<script>alert("x")</script>&'
    html = render_report(
        material(
            scenes=index([name], location=name),
            labels=labels([name]),
            pictures={name: {"original": PICTURE, "thumbnail": PICTURE}},
            record=record(failures=[name], error=name),
        )
    )
    assert name not in html
    assert html.count("<script>") == 1
    links = [link for link in Reader(html).links if "scene-0" in link]
    assert links
    assert set(links) == {"#scene-0--script-alert--x----script--"}


def test_a_name_does_not_turn_the_writing_of_a_page():
    name = "\u202egnp.exe\x1b[31m"
    html = render_report(material(scenes=index([name]), labels=labels([name])))
    assert "\u202e" not in html
    assert "\x1b" not in html
    assert "\\u202egnp.exe\\x1b[31m" in html


def test_every_link_leads_somewhere_in_the_page_and_nothing_is_fetched():
    pictures = {i: {"original": PICTURE, "thumbnail": PICTURE} for i in IDS}
    read_page = read(pictures=pictures, record=record(), matrices=matrices())
    assert len(read_page.links) > 20
    assert {link.removeprefix("#") for link in read_page.links} <= set(read_page.ids)
    assert len(set(read_page.ids)) == len(read_page.ids)
    assert {url.split(":")[0] for url in read_page.loads} == {"data"}
    html = render_report(material(pictures=pictures))
    assert re.findall(r"url\(|@import|https?://|fetch\(|XMLHttp", html) == []


def test_what_is_true_of_every_scene_is_not_said_at_each():
    pictures = {i: {"original": PICTURE} for i in IDS}
    some = index(source="sample", sun_elevation_deg=[5.0] + [20.0] * 11)
    text = read(scenes=some, pictures=pictures).text
    assert text.count("a low sun") == 2  # its row of the table, its section
    assert "simulated" in text
    assert "note simulated" not in text


def test_the_table_of_very_many_scenes_keeps_those_with_findings(monkeypatch):
    monkeypatch.setattr(page, "MOST_ROWS", 3)
    some = index(sun_elevation_deg=[20.0] * 11 + [5.0])
    text = read(scenes=some).text
    assert "3 of 12 scenes, those with most findings first chosen" in text
    table = text[text.index("All scenes") if "All scenes" in text else 0 :]
    assert "scene_l" in table
    assert "scene_d" not in text


def test_a_scene_without_any_observation_is_a_row_without_numbers():
    nan = float("nan")
    empty = labels(["dark"], valid_fraction=0.0, sea_ice_concentration=nan)
    for c in SeaIceClass:
        empty[f"{c.key}_fraction"] = nan
    parts = {**NOTHING, "labels": empty, "scenes": index(["dark"], valid_fraction=0.0)}
    text = read(**parts, record=RunRecord()).text
    assert "2019-11-03 19:09 UTC 0.0 % – – – 0.0 % – – – – – –" in text


@pytest.mark.parametrize("count", [0, 1])
def test_a_run_of_no_scene_or_one_has_a_report(count):
    parts = {**NOTHING, "scenes": index(IDS[:count])}
    assert f"{count} scene" in read(**parts).text


def test_land_is_in_the_legend_and_the_facts_where_there_is_some():
    assert "land or ice shelf" not in read(scenes=index()).text
    page = read(scenes=index(land_fraction=0.75, valid_fraction=0.25)).text
    assert page.count("land or ice shelf") >= 3
    small = "observed by less than 50 %"
    assert small not in page
    assert small in read(scenes=index(land_fraction=0.0, valid_fraction=0.25)).text


def test_the_title_tells_where_and_when():
    assert "Run report: 2019-11-03" in read().text
    days = [f"2019-11-{day:02d}T19:09:21+00:00" for day in range(1, 13)]
    scenes = index(acquired=days, region=["ross_sea", "Weddell Sea"] * 6)
    title = "Run report: Weddell Sea, ross sea, 2019-11-01 to 2019-11-12"
    assert title in read(scenes=scenes).text
    assert "Run report: 12 scenes" in read(scenes=index(acquired="")).text


def test_a_histogram_shows_where_the_limits_of_its_scene_lie():
    pictures = {"scene_a": {"original": PICTURE, "histogram": PICTURE}}
    html = render_report(material(pictures=pictures, labels=labels(thin_ice_min=51)))
    assert re.findall(r'<i style="left:([\d.]+)%">', html) == ["20.0", "80.39"]
    assert "thin ice from 51 of the darkest channel, thick ice from 205" in html
    assert "Histogram:" not in render_report(material(pictures=pictures, labels=None))


@pytest.mark.parametrize(
    ("width_m", "words", "share"),
    [
        (10_240, "2 km", 0.1953),
        (109_800, "20 km", 0.1821),
        (768, "200 m", 0.2604),
        (15_000, "5 km", 1 / 3),
    ],
)
def test_a_bar_of_a_round_length_tells_the_scale(width_m, words, share):
    bar = scale_bar(width_m)
    assert (bar.words, round(bar.share, 4)) == (words, round(share, 4))


def test_a_scene_without_a_place_has_no_scale():
    assert scale_bar(float("nan")) is None


def test_a_scene_tells_where_it_lies_and_where_north_is():
    pictures = {"scene_a": {"original": PICTURE, "filtered": PICTURE}}
    place = {"latitude_deg": -76.5, "longitude_deg": 165.251, "north_deg": 194.7}
    html = render_report(material(scenes=index(**place), pictures=pictures))
    assert "76.50° S, 165.25° E" in html
    assert "rotate(194.7deg)" in html
    earlier = render_report(material(pictures=pictures))
    assert "centre" not in Reader(earlier).words
    assert 'class="north"' not in earlier


def test_a_scene_links_to_its_products():
    pictures = {"scene_a": {"original": PICTURE, "filtered": PICTURE}}
    products = {"scene_a": {"Classes": "../04_feature/class_maps/scene%20a.tif"}}
    page = read(pictures=pictures, products=products)
    assert "../04_feature/class_maps/scene%20a.tif" in page.links
    assert "Files:" not in read(pictures=pictures).text
