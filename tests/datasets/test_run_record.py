import json
import logging

import pytest
from kedro.io import DatasetError

from sea_ice_kedro.datasets import RunRecordDataset
from sea_ice_kedro.errors import InvalidRecord
from sea_ice_kedro.run_record import RunFacts, RunRecord, Setting

RECORD = RunRecord().with_run(RunFacts("1", "2026-01-01T12:00:00+00:00", "", ("a",)))


@pytest.mark.parametrize("place", ["disk", "bucket"])
def test_a_record_survives(tmp_path, place):
    path = tmp_path / "r.json" if place == "disk" else "memory://records-of-tests/r"
    dataset = RunRecordDataset(filepath=str(path))
    dataset.save(RECORD)
    assert dataset.load() == RECORD


def test_a_record_keeps_no_key(tmp_path):
    url = 'https://bob:SECRET@host/v1?token=SECRET" and "'
    setting = Setting("ingestion.stac.url", "null", url)
    error = f"no answer of {url}\nSo it ended"
    run = RunFacts("1", "2026", "", ("a",), settings=(setting,), error=error)
    dataset = RunRecordDataset(filepath=str(tmp_path / "r.json"))
    dataset.save(RunRecord().with_run(run))
    assert "SECRET" not in (tmp_path / "r.json").read_text()
    (loaded,) = dataset.load().runs
    assert loaded.error == 'no answer of https://...@host/v1?..." and "\nSo it ended'


def test_before_the_first_run_there_is_an_empty_record(tmp_path):
    dataset = RunRecordDataset(filepath=str(tmp_path / "none.json"))
    assert dataset.exists()
    assert dataset.load() == RunRecord()


@pytest.mark.parametrize(
    "content", [b"no JSON", b"[]", b'{"format": 1}', b"{}", b"\x80\xff", b"\0" * 9]
)
def test_a_file_that_is_no_record_is_refused_with_the_way_out(tmp_path, content):
    (tmp_path / "r.json").write_bytes(content)
    with pytest.raises(DatasetError, match=r"r\.json.*remove it") as error:
        RunRecordDataset(filepath=str(tmp_path / "r.json")).load()
    assert isinstance(error.value.__cause__, InvalidRecord)


def test_a_record_of_another_version_is_begun_anew_and_said(tmp_path, caplog):
    (tmp_path / "r.json").write_text(json.dumps({"format": 2}))
    with caplog.at_level(logging.WARNING):
        loaded = RunRecordDataset(filepath=str(tmp_path / "r.json")).load()
    assert loaded == RunRecord()
    assert "of another version" in caplog.text


def test_a_record_that_cannot_be_written_says_where(tmp_path):
    (tmp_path / "folder").write_text("a file where a folder should be")
    with pytest.raises(DatasetError, match=r"r\.json: expected to write it to"):
        RunRecordDataset(filepath=str(tmp_path / "folder" / "r.json")).save(RECORD)
