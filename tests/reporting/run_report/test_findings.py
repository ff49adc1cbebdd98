from dataclasses import replace

import pandas as pd
import pytest

from sea_ice_kedro.reporting.run_report.findings import review
from tests.reporting.run_report.material import (
    IDS,
    class_scores,
    ice,
    index,
    labels,
    material,
    record,
    scores,
    split,
)

FIRST = tuple(IDS[:2])


def found(**parts):
    """Titles of what is found, with their gravity."""
    return [(f.gravity, f.title) for f in review(material(**parts))]


def first_two(value, other):
    return [value] * 2 + [other] * 10


def test_nothing_is_raised_where_nothing_is_remarkable():
    assert found(record=record()) == []


def test_a_partial_run_is_reviewed_by_what_there_is():
    nothing = dict.fromkeys(
        ["clouds", "labels", "ice", "scores", "class_scores", "split"]
    )
    assert found(**nothing) == []


@pytest.mark.parametrize(
    ("columns", "gravity", "title"),
    [
        (
            {"source": first_two("sample", "safe")},
            "note",
            "2 scenes simulated",
        ),
        (
            {"checksum": first_two("md5:same", "x")[:2] + IDS[2:]},
            "serious",
            "2 scenes came in under several names",
        ),
        (
            {"saturated_fraction": first_two(None, 0.0)},
            "caution",
            "2 scenes came as 8-bit pictures, not as reflectance",
        ),
        (
            {"saturated_fraction": first_two(0.051, 0.05)},
            "caution",
            "2 scenes with more than 5 % of saturated pixels",
        ),
        (
            {"notes": first_two("has 2 pages", "")},
            "caution",
            "2 scenes of which each has 2 pages",
        ),
        ({"crs": first_two("", "EPSG:3031")}, "caution", "2 scenes without a georef"),
        ({"acquired": first_two(None, "2019")}, "note", "2 scenes without a time of"),
        (
            {"sun_elevation_deg": first_two(9.9, 10.0)},
            "caution",
            "2 scenes under a sun lower than 10 degrees",
        ),
        (
            {"valid_fraction": first_two(0.499, 0.5)},
            "caution",
            "2 scenes observed by less than 50 %",
        ),
    ],
)
def test_what_is_remarkable_about_input_is_raised_with_its_scenes(
    columns, gravity, title
):
    (finding,) = review(material(scenes=index(**columns)))
    assert finding.gravity == gravity
    assert finding.title.startswith(title)
    assert finding.scene_ids == FIRST
    assert finding.short


@pytest.mark.parametrize(
    ("columns", "gravity", "title"),
    [
        (
            {"limits_source": first_two("no water stands out", "scene")},
            "caution",
            "2 scenes labelled with limits that are not their own",
        ),
        (
            {"untrustworthy_fraction": first_two(0.201, 0.2)},
            "serious",
            "2 scenes with more than 20 % untrustworthy",
        ),
        (
            {"sea_ice_concentration": first_two(0.64, 0.66)},
            "serious",
            "Brightness and network disagree on the concentration of 2 scenes",
        ),
    ],
)
def test_what_is_remarkable_about_labels_is_raised_with_its_scenes(
    columns, gravity, title
):
    (finding,) = review(material(labels=labels(**columns)))
    assert (finding.gravity, finding.title) == (gravity, title)
    assert finding.scene_ids == FIRST


def test_a_network_that_is_unsure_is_raised():
    unsure = ice(mean_confidence=first_two(0.799, 0.8))
    assert found(ice=unsure) == [("caution", "The network is unsure of 2 scenes")]


def test_scenes_that_a_second_opinion_doubts_are_raised_by_name_with_the_reasons():
    doubts = first_two("network and labels disagree on 38 %", "")
    opinions = pd.DataFrame({"scene_id": IDS, "doubts": doubts})
    (finding,) = review(material(opinions=opinions))
    assert finding.title == "A second opinion doubts 2 scenes"
    assert finding.gravity == "serious"
    assert finding.scene_ids == FIRST
    assert "scene_b: network and labels disagree on 38 %." in finding.reason


def test_scenes_that_others_have_left_behind_are_raised_without_any_record():
    assert found(labels=labels(IDS[2:])) == [
        ("serious", "2 scenes without a class map by brightness")
    ]
    assert found(ice=ice(IDS[:11])) == [
        ("serious", "1 scene without a class map by the network")
    ]


def test_scores_against_auto_labels_alone_are_called_agreement():
    title = "All scores are agreement with auto-labels, none is accuracy"
    assert found(scores=scores("auto")) == [("serious", title)]


@pytest.mark.parametrize(("scenes", "raised"), [(4, True), (5, False)])
def test_few_held_out_scenes_are_raised(scenes, raised):
    expected = [("caution", "Scored on 4 held-out scenes")] if raised else []
    assert found(scores=scores(scenes=scenes)) == expected


@pytest.mark.parametrize(("count", "raised"), [(9, True), (10, False)])
def test_few_scenes_are_raised(count, raised):
    ids = IDS[:count]
    parts = {"scenes": index(ids), "split": None, "scores": None}
    expected = [("caution", "9 scenes in all")] if raised else []
    assert found(**parts) == expected


@pytest.mark.parametrize(("water", "raised"), [(0.0099, True), (0.0101, False)])
def test_a_class_that_hardly_occurs_is_raised(water, raised):
    rare = labels(open_water_fraction=water, thick_ice_fraction=0.7 - water)
    title = "Hardly any pixel of a class: open water 0.99 %"
    assert found(labels=rare) == ([("caution", title)] if raised else [])


@pytest.mark.parametrize(("pixels", "raised"), [(0, True), (999, True), (1000, False)])
def test_a_class_that_the_reference_lacks_is_raised(pixels, raised):
    lacking = class_scores(support=(300_000, 90_000, pixels))
    title = f"The reference has {pixels} pixels of open water"
    assert found(class_scores=lacking) == ([("serious", title)] if raised else [])


def test_a_class_that_a_network_mostly_misses_is_raised():
    titles = [title for _, title in found(class_scores=class_scores(iou=0.499))]
    assert titles[0] == (
        "IoU of thick ice is 49.9 % by the network of manual labels and original images"
    )
    assert len(titles) == 3
    assert found(class_scores=class_scores(iou=0.5)) == []


def test_scenes_on_both_sides_of_the_split_are_raised():
    both = split(learnt=IDS[:7], held_out=IDS[6:])
    assert found(split=both) == [("serious", "1 scene both learnt from and scored on")]


def test_scores_of_scenes_that_are_gone_are_raised():
    gone = split(learnt=[*IDS, "old_b"], held_out=["old_a"])
    assert found(split=gone) == [
        ("caution", "Scores rest on 2 scenes that are not in this report")
    ]


def test_failures_of_the_record_are_raised():
    finding = review(material(record=record(failures=["b", "a"])))[0]
    assert finding.title == "Products of 2 scenes could not be made"
    assert finding.scene_ids == ("a", "b")


def test_a_run_that_an_error_ended_is_raised_unless_it_only_wrote_a_report():
    title = "A run was ended by an error: expected at least 3 scenes, got 2"
    error = "expected at least 3 scenes, got 2\nand more"
    assert found(record=record(error=error)) == [("serious", title)]
    assert found(record=record(error=error, pipelines=("reporting",))) == []


@pytest.mark.parametrize(
    ("note", "short"),
    [
        ("has 2 pages", "metadata that were not followed"),
        (
            "lies outside of ingestion.area_of_interest; is land by coast.gpkg "
            "(ingestion.land): no sea is left",
            "beside the area of interest or the mask of land",
        ),
    ],
)
def test_a_note_is_of_the_file_or_of_the_area_that_was_asked_for(note, short):
    raised = review(material(scenes=index(notes=first_two(note, ""))))
    assert short in {finding.short for finding in raised}


def test_a_run_that_ctrl_c_ended_is_raised():
    (run,) = (before := record()).runs
    interrupted = replace(before, runs=(replace(run, outcome="interrupted"),))
    title = "A run was interrupted by Ctrl-C"
    assert found(record=interrupted) == [("serious", title)]


def test_changed_software_is_raised():
    title = "Made by software that was changed since its commit"
    assert found(record=record(commit="0" * 40 + "+")) == [("note", title)]


def test_the_gravest_comes_first():
    scenes = index(source="sample", sun_elevation_deg=5.0)
    gravities = [g for g, _ in found(scenes=scenes, scores=scores("auto"))]
    assert gravities == ["serious", "caution", "note"]
