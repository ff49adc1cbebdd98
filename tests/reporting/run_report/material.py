"""Tables of a small run, as literal as can be."""

import pandas as pd

from sea_ice_kedro.reporting.run_report.report_inputs import ReportInputs
from sea_ice_kedro.run_record import (
    FailedScene,
    ProductRecord,
    RunFacts,
    RunRecord,
    Setting,
    StepRecord,
)

IDS = [f"scene_{letter}" for letter in "abcdefghijkl"]


def index(ids=IDS, **columns):
    """An index of scenes in which nothing is remarkable."""
    return pd.DataFrame(
        {
            "scene_id": list(ids),
            "source": "safe",
            "location": [f"{i}.SAFE" for i in ids],
            "acquired": "2019-11-03T19:09:21+00:00",
            "height": 1000,
            "width": 1000,
            "crs": "EPSG:32703",
            "pixel_size_m": 10.0,
            "valid_fraction": 1.0,
            "checksum": [f"md5:{i}" for i in ids],
            "manual_label": True,
            "granule": "T03CWT",
            "sun_elevation_deg": 28.5,
            "cloud_percentage": 12.5,
            "processing_baseline": "N0208",
            "saturated_fraction": 0.0,
            "asset_id": "",
        }
    ).assign(**columns)


def areas(ids, **columns):
    return pd.DataFrame(
        {
            "scene_id": list(ids),
            "acquired": "2019-11-03T19:09:21+00:00",
            "valid_fraction": 1.0,
            "sea_ice_concentration": 0.8,
            **dict.fromkeys(["thick_ice_pixels"], 500_000),
            "thick_ice_fraction": 0.5,
            "thin_ice_fraction": 0.3,
            "open_water_fraction": 0.2,
            "thick_ice_km2": 50.0,
            "thin_ice_km2": 30.0,
            "open_water_km2": 20.0,
        }
    ).assign(**columns)


def labels(ids=IDS, **columns):
    """Label statistics in which nothing is remarkable."""
    more = {
        "untrustworthy_fraction": 0.0,
        "untrustworthy_km2": 0.0,
        "thin_ice_min": 31,
        "thick_ice_min": 205,
        "limits_source": "scene",
        "water_channel": "darkest",
    }
    return areas(ids, **{**more, **columns})


def ice(ids=IDS, **columns):
    """Statistics of predictions in which nothing is remarkable."""
    more = {"mean_confidence": 0.95, "model": "manual_original", "model_checksum": ""}
    return areas(ids, **{**more, **columns})


def clouds(ids=IDS):
    return pd.DataFrame(
        {
            "scene_id": list(ids),
            "method": "illumination",
            "method_source": "settings",
            "valid_pixels": 1_000_000,
            "thin_cloud_fraction": 0.123,
            "shadow_fraction": 0.05,
            "changed_fraction": 0.01,
            "saturated_fraction": 0.0,
            "untrustworthy_fraction": 0.0,
        }
    )


def scores(reference="manual", scenes=6):
    measure = {"manual": "accuracy", "auto": "agreement"}[reference]
    row = {
        "method": "unet",
        "labels": reference,
        "images": "original",
        "reference": reference,
        "stratum": "all",
        "measure": measure,
        "overall": 0.9632,
        "scenes": scenes,
        "chips": 64,
        "pixels": 4_194_304,
        "macro_f1": 0.944,
        "macro_iou": 0.896,
    }
    return pd.DataFrame([row])


def class_scores(iou=0.9, support=(300_000, 90_000, 30_000)):
    keys = ["thick_ice", "thin_ice", "open_water"]
    key = {"method": "unet", "labels": "manual", "images": "original"}
    return pd.DataFrame(
        [
            {
                **{**key, "reference": "manual", "stratum": "all", "class": name},
                **dict.fromkeys(["precision", "recall", "f1"], 0.9),
                "iou": iou,
                "support": pixels,
            }
            for name, pixels in zip(keys, support, strict=True)
        ]
    )


def split(learnt=IDS[:6], held_out=IDS[6:]):
    rows = [(i, 0, 0, "train") for i in learnt] + [(i, 0, 0, "test") for i in held_out]
    return pd.DataFrame(rows, columns=["scene_id", "row", "column", "split"])


def material(**parts):
    """A run in which nothing is remarkable, but for what is given."""
    quiet = {
        "scenes": index(),
        "clouds": clouds(),
        "labels": labels(),
        "ice": ice(),
        "scores": scores(),
        "class_scores": class_scores(),
        "split": split(),
    }
    return ReportInputs(**{**quiet, **parts})


def record(commit="0" * 40, failures=(), error="", pipelines=("__default__",)):
    """A record of one run with one step."""
    facts = RunFacts(
        run_id="1",
        started="2026-11-24T12:00:00+00:00",
        env="test",
        pipelines=pipelines,
        settings=(Setting("filtering.method", "illumination", "published"),),
        commit=commit,
        versions={"kedro": "1.7.0"},
        outcome="ended by an error" if error else "done",
        elapsed_s=105.0,
        error=error,
    )
    failed = tuple(FailedScene(i, f"{i}: damaged") for i in failures)
    product = ProductRecord("scenes", 66, 0, 17.9, failed)
    step = StepRecord(
        "ingestion.ingest_scenes",
        "ingestion",
        "1",
        "2026-11-24T12:00:01+00:00",
        18.2,
        (product,),
    )
    return RunRecord().with_run(facts).with_step(step)
