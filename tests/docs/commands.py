"""What becomes of each command that the documentation shows: the first rule that fits.

A command that no rule knows fails the tests. `run` does it here, on small data. `parsed`
does all but the work: the options are read, the pipeline is chosen, its parameters and
inputs are checked. Both name what stands in for places that a reader would have. For
`parsed`, `elsewhere` names the test that does the work.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """How commands of one kind are tested, and why so."""

    pattern: str
    how: str
    elsewhere: str = ""
    """file::test that does the work."""

    params: str = ""
    """Added to --params: servers on this machine, small networks."""

    def fits(self, command):
        """Tell whether the rule is for this command."""
        return re.search(self.pattern, command) is not None


_TINY_TRAINING = (
    "modeling.unet.base_filters=2,modeling.training.epochs=1,modeling.chips.size_px=64"
    ",modeling.training.batch_size=1,engine.name=sequential"
)

_ONE_NET = f"{_TINY_TRAINING},modeling.variants=manual_filtered"
"""One of the paper's four networks: compiling each takes as long as the rest."""

_TINY_NET = f"{_ONE_NET},ingestion.sample.count=3,ingestion.sample.size_px=128"

_FEW_WORLDS = (
    "polar.worlds.count=3,polar.worlds.validation=2,polar.worlds.size_px=256"
    ",polar.worlds.chip_px=128,polar.training.epochs=1,polar.training.batch_size=2"
    ",polar.training.averaged_epochs=1"
    ",engine.name=sequential"
)

_LOOPBACK = (
    "ingestion.cutting.size_px=64,ingestion.earth_engine.url={earth_engine}"
    ",engine.name=sequential"
)

RULES = [
    Rule(
        r"sea-ice-kedro map \S+$",
        "elsewhere",
        "tests/test_map_command.py::test_maps_come_out_by_the_network_that_ships",
    ),
    Rule(
        r"sea-ice-kedro map \S+ --aoi ",
        "elsewhere",
        "tests/test_map_command.py::"
        "test_an_area_of_interest_is_a_box_or_a_file_of_polygons",
    ),
    Rule(
        r"sea-ice-kedro map \S+ --land |kedro run --params .*ingestion\.land=",
        "elsewhere",
        "tests/test_map_command.py::test_land_is_in_the_maps_of_either_kind",
    ),
    Rule(
        r"sea-ice-kedro map \S+ --floes$",
        "elsewhere",
        "tests/test_map_command.py::"
        "test_floes_and_leads_of_the_maps_come_out_where_they_are_asked_for",
    ),
    Rule(
        r"sea-ice-kedro map \S+ --no-intermediates$",
        "elsewhere",
        "tests/test_map_command.py::"
        "test_intermediates_are_kept_unless_it_is_said_that_they_go",
    ),
    Rule(
        r"sea-ice-kedro map \S+ --network none",
        "elsewhere",
        "tests/test_map_command.py::"
        "test_maps_and_a_report_come_out_without_any_network",
    ),
    Rule(
        r"^rio convert ross_sea/|kedro run .*variants=corrected_original$"
        r"|sea-ice-kedro map \S+ --network \S+unet.onnx",
        "elsewhere",
        "tests/test_corrections.py::"
        "test_three_corrected_maps_make_a_network_that_is_scored_and_maps",
    ),
    Rule(
        r"kedro run .*variants=corrected_original,.*split\.test=0",
        "elsewhere",
        "tests/test_corrections.py::"
        "test_one_corrected_map_trains_polar_on_unscored_and_maps_say_so",
    ),
    Rule(
        r"sea-ice-kedro score [\w/]+ \S+",
        "elsewhere",
        "tests/test_score_command.py::"
        "test_maps_are_scored_scene_by_scene_and_class_by_class",
    ),
    Rule(
        r"sea-ice-kedro verify( \S+)?$",
        "elsewhere",
        "tests/test_verify_command.py::test_what_is_as_it_was_made_is_said_to_be",
    ),
    Rule(
        r"sea-ice-kedro prune( ross_sea --yes)?$",
        "elsewhere",
        "tests/test_prune_command.py::"
        "test_products_of_gone_scenes_are_listed_and_removed_only_if_that_is_said",
    ),
    # --- what tests of its own try, with a wheel and a browser
    Rule(
        r"^\.tools/uv build|^uvx --from \./sea_ice|^python -m venv |^sea-ice/bin/pip |^sea-ice-kedro --pipelines",
        "elsewhere",
        "tests/test_packaged.py::"
        "test_it_runs_on_a_folder_of_scenes_from_an_empty_folder",
    ),
    Rule(
        r"^sea-ice-kedro --co",
        "elsewhere",
        "tests/test_packaged.py::test_it_runs_with_settings_of_ones_own",
    ),
    Rule(
        r"^make lineage$",
        "elsewhere",
        "tests/test_lineage.py::test_the_site_opens_and_asks_no_other_host",
    ),
    Rule(
        r"^make polar$",
        "elsewhere",
        "tests/pipelines/test_polar.py::"
        "test_worlds_are_named_and_split_by_their_number",
    ),
    # --- parts of commands, and names of programs
    Rule(r"\.\.\.|<|^git clone \S+/OWNER/|^cd sea_ice_kedro$", "a part of one"),
    # --- make, uv, git hooks
    Rule(r"^make ", "make"),
    Rule(r"^\.tools/uv sync ", "uv"),
    Rule(r"^pre-commit install$", "help"),
    Rule(r"^python -m http\.server|^python tools/|^(python -m )?sea.ice.kedro", "help"),
    Rule(r"^kedro package$|^kedro viz|^kedro catalog |^jupyter lab ", "help"),
    # --- kedro
    Rule(
        r"kedro run .*--env dataproc",
        "parsed",
        "tests/test_spark.py::"
        "test_a_cluster_makes_the_bytes_and_the_tables_of_one_machine",
    ),
    Rule(
        r"kedro run .*engine\.name=spark",
        "parsed",
        "tests/test_end_to_end.py::test_every_engine_makes_the_same_bytes",
    ),
    Rule(
        r"kedro run .*workers\.count=2",
        "parsed",
        "tests/training/test_horovod_workers.py::"
        "test_two_workers_end_equal_and_as_one_with_the_doubled_batch",
    ),
    Rule(
        r"kedro run .*--env dgx",
        "parsed",
        "tests/training/test_horovod_workers.py::"
        "test_two_workers_end_equal_and_as_one_with_the_doubled_batch",
    ),
    Rule(
        r"kedro run --pipeline scaling",
        "parsed",
        "tests/pipelines/test_scaling.py::"
        "test_both_tables_and_the_figure_are_made_of_one_run",
    ),
    Rule(
        r"^SEA_ICE_DATA=ross_sea kedro run --params ingestion\.source=folder,\S+$",
        "elsewhere",
        "tests/test_end_to_end.py::"
        "test_a_whole_run_on_pictures_without_day_and_place_ends_with_report_and_catalogue",
    ),
    Rule(r"kedro run .*earth_engine", "run", params=_LOOPBACK),
    Rule(r"kedro run .*=stac", "run", params="ingestion.cutting.size_px=64"),
    Rule(r"kedro run --env paper .*=folder", "run", params=_ONE_NET),
    Rule(r"kedro run --env paper", "run", params=_TINY_NET),
    Rule(r"kedro run --env polar", "run", params=_FEW_WORLDS),
    Rule(r"kedro run", "run"),
    # --- measurements: minutes each, so that their options are read and no more
    Rule(r"^python -m benchmarks\.", "benchmark"),
    Rule(r"pytest .*tests/\S+\.py$", "file"),
    # --- programs of others, where they are installed
    Rule(r"^(gdalinfo|ls|open|xdg-open) data/", "on products"),
    # --- Google Cloud, containers and hosts that are not here
    Rule(r"^gcloud |^docker build ", "cloud"),
    Rule(r"^export \w+=", "shell"),
    Rule(r"^earthengine authenticate$", "help"),
    Rule(r"^cp deploy/", "shell"),
    Rule(r"deploy/dataproc/\w+\.sh", "dry run"),
    Rule(r"^deploy/dgx/train\.sh", "cloud"),
    Rule(
        r"^spark-submit ",
        "elsewhere",
        "tests/deploy/test_dataproc_package.py::"
        "test_the_package_labels_scenes_of_a_bucket_on_a_cluster_from_a_clean_environment",
    ),
]


def rule_for(command):
    """Give the rule of a command, or none."""
    return next((rule for rule in RULES if rule.fits(plain(command))), None)


def plain(command):
    """A command without the folder of its program: `.venv/bin/kedro` is `kedro`."""
    return command.replace(".venv/bin/", "")
