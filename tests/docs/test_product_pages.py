"""What docs/products.md and docs/time-series.md show, done on a small run."""

import shutil

import pytest

from tests.docs.blocks import blocks_of, commands_of
from tests.docs.worked_examples import copy_project, run
from tests.runs import ROOT

RUN = "ingestion,filtering,autolabel,gridding,time_series,catalogue"


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A copy of the project that has run on sample scenes."""
    folder = copy_project(tmp_path_factory.mktemp("copy"))
    blocks = blocks_of(ROOT / "docs" / "products.md")
    run(f".venv/bin/kedro run --pipelines {RUN}", folder, blocks[0])
    return folder


@pytest.mark.documented
@pytest.mark.slow
@pytest.mark.parametrize("page", ["products", "time-series"])
def test_the_code_of_a_page_of_products_works(page, done):
    for block in blocks_of(ROOT / "docs" / f"{page}.md"):
        if block.language == "python":
            (done / "snippet.py").write_text(block.text)
            assert run(".venv/bin/python snippet.py", done, block).strip()


@pytest.mark.documented
@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("gdalinfo"), reason="needs Debian's gdal-bin")
def test_gdalinfo_shows_the_categories_of_a_class_map(done):
    block = next(
        b for b in blocks_of(ROOT / "docs" / "products.md") if "gdalinfo" in b.text
    )
    (command,) = commands_of(block.text)
    said = run(command, done, block)
    assert "0: thick ice" in said
    assert "SEA_ICE_SCENE_ID=sim_ross_sea_00" in said


@pytest.mark.documented
@pytest.mark.slow
def test_the_sectors_of_the_page_of_seasons_are_regions(done):
    import yaml

    from sea_ice_kedro.sources.named_regions import TimeSeriesOptions

    page = blocks_of(ROOT / "docs" / "time-series.md")
    (block,) = (b for b in page if b.language == "yaml")
    regions = yaml.safe_load(block.text)["time_series"]["regions"]
    named = TimeSeriesOptions(regions[:-1]).named()  # the last is the reader's file
    inside = {
        n.name: n.region.holds([-40, 50, 120, 180, -90], [-65] * 5).tolist()
        for n in named
    }
    assert [row.index(True) for row in inside.values()] == [0, 1, 2, 3, 4]
    assert [sum(row) for row in inside.values()] == [1] * 5
