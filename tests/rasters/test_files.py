import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import fsspec
import pytest

from sea_ice_kedro.errors import CannotRead
from sea_ice_kedro.rasters.files import checksum, reading, remove, writing

HELLO = "md5:5d41402abc4b2a76b9719d911017c592"
DEAD = 2**22 + 1  # no process has a number above 2**22


@pytest.fixture
def machine(monkeypatch):
    """The name of this machine in the names of unfinished files."""
    monkeypatch.setattr(socket, "gethostname", lambda: "ice_1.example.org")
    return "ice-1-example-org"


def test_a_file_takes_its_name_only_when_all_is_written(tmp_path):
    final = tmp_path / "made" / "scene.tif"
    with writing(str(final)) as part:
        part.write_text("hello")
        assert not final.exists()
    assert final.read_text() == "hello"
    assert list(final.parent.iterdir()) == [final]


@pytest.mark.parametrize("name", ["scene.tif", "a[1]*?.tif", "sc ene(2),=@+.tif"])
def test_an_error_while_writing_leaves_nothing_and_keeps_the_old_file(tmp_path, name):
    final = tmp_path / name
    final.write_text("old")
    with suppress(ZeroDivisionError), writing(str(final)) as part:
        part.write_text("half")
        part.with_name(f"{part.name}.ovr.tmp").write_text("GDAL's side file")
        1 / 0  # noqa: B018
    assert list(tmp_path.iterdir()) == [final]
    assert final.read_text() == "old"


def test_an_unfinished_file_names_its_machine_and_process(tmp_path, machine):
    with writing(str(tmp_path / "scene.tif")) as part:
        assert part.name == f".scene.tif.{machine}-{os.getpid()}.part"
        part.write_text("hello")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_writer_that_is_dead_and_not_yet_buried_is_no_writer(tmp_path, machine):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, dead.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie
    leftover = tmp_path / f".scene.tif.{machine}-{dead.pid}.part"
    leftover.write_text("")
    with writing(str(tmp_path / "scene.tif")) as part:
        part.write_text("hello")
    dead.wait()
    assert not leftover.exists()


def test_what_a_killed_writer_left_is_cleared_by_the_next_one(tmp_path, machine):
    leftovers = [
        tmp_path / f".scene.tif.{machine}-{DEAD}.part",
        tmp_path / f".scene.tif.{machine}-{DEAD}.part.ovr.tmp",
    ]
    for path in leftovers:
        path.write_text("half")
    with writing(str(tmp_path / "scene.tif")) as part:
        part.write_text("hello")
    assert [path.name for path in tmp_path.iterdir()] == ["scene.tif"]


@pytest.mark.parametrize(
    "other",
    [
        f".scene.tif.{{machine}}-{os.getppid()}.part",
        f".scene2.tif.{{machine}}-{DEAD}.part",
        f".scene.tif.elsewhere-{DEAD}.part",
        f".scene.tif.{{machine}}-2-{DEAD}.part",
        f".scene.tif.{DEAD}.part",
    ],
    ids=["living", "another scene", "elsewhere", "longer name", "no machine"],
)
def test_what_another_writer_may_still_be_writing_is_left_alone(
    tmp_path, machine, other
):
    name = other.format(machine=machine)
    (tmp_path / name).write_text("half")
    with writing(str(tmp_path / "scene.tif")) as part:
        part.write_text("hello")
    assert {path.name for path in tmp_path.iterdir()} == {name, "scene.tif"}


def test_files_in_a_bucket_are_written_read_digested_and_removed():
    bucket = "memory://bucket-of-test-files/scene.tif"
    with writing(bucket) as part:
        part.write_text("hello")
    with reading(bucket) as path:
        assert path.read_text() == "hello"
        assert path.suffix == ".tif"
    assert checksum(bucket).startswith("remote:")
    remove(bucket)
    assert not fsspec.filesystem("memory").exists("/bucket-of-test-files/scene.tif")


def test_a_checksum_is_of_the_content(tmp_path):
    (tmp_path / "a").write_text("hello")
    (tmp_path / "b").write_text("hello")
    assert checksum(str(tmp_path / "a")) == HELLO
    assert checksum(str(tmp_path / "b")) == HELLO


def test_a_checksum_follows_a_change_of_the_same_size(tmp_path):
    path = tmp_path / "a"
    path.write_text("hallo")
    assert checksum(str(path)) != HELLO
    path.write_text("hello")
    os.utime(path, ns=(1, 1))
    assert checksum(str(path)) == HELLO


def test_a_missing_file_has_no_checksum(tmp_path):
    with pytest.raises(FileNotFoundError):
        checksum(str(tmp_path / "none.tif"))


def test_removing_what_is_not_there_is_fine(tmp_path):
    remove(str(tmp_path / "none.tif"))


SIX_MB = 6_000_000
"""More than gcsfs uploads with one request."""


@pytest.mark.parametrize("size", [5, SIX_MB], ids=["small", "large"])
def test_a_file_in_cloud_storage_is_written_whole_and_keeps_its_digest(
    bucket, tmp_path, size
):
    url = f"{bucket.url}/a folder/scene (1),=@+.tif"
    content = b"hello" * (size // 5)
    with writing(url) as part:
        part.write_bytes(content)
        assert bucket.names() == []
    assert bucket.names() == ["a folder/scene (1),=@+.tif"]
    (tmp_path / "a").write_bytes(content)
    assert checksum(url) == checksum(str(tmp_path / "a"))
    with reading(url) as path:
        assert path.read_bytes() == content
    remove(url)
    remove(url)
    assert bucket.names() == []
    with pytest.raises(FileNotFoundError, match="no such file: gs://"):
        checksum(url)
    with pytest.raises(FileNotFoundError, match="no such file: gs://"), reading(url):
        pass


@pytest.mark.parametrize("size", [5, SIX_MB], ids=["small", "large"])
@pytest.mark.parametrize("how", ["503", "reset"])
def test_an_upload_that_breaks_off_is_tried_again(bucket, impatient, size, how):
    bucket.fails("POST", "/upload/", times=4, how=how)
    with writing(f"{bucket.url}/scene.tif") as part:
        part.write_bytes(b"x" * size)
    assert bucket.files.info(f"{bucket.name}/scene.tif")["size"] == size


@pytest.mark.parametrize("size", [5, SIX_MB], ids=["small", "large"])
@pytest.mark.parametrize("how", ["503", "403", "reset"])
@pytest.mark.parametrize("after", [0, 1])
def test_an_upload_that_fails_leaves_the_old_file(bucket, impatient, size, how, after):
    url = f"{bucket.url}/scene.tif"
    with writing(url) as part:
        part.write_text("old")
    bucket.fails("POST", "/upload/", how=how, after=after if size == SIX_MB else 0)
    with pytest.raises(OSError, match=r"."), writing(url) as part:
        part.write_bytes(b"x" * size)
    assert bucket.files.cat_file(url) == b"old"


def test_an_object_of_parts_has_a_digest_of_its_content(bucket):
    digests = []
    for parts in (("ha", "llo"), ("he", "llo"), ("hel", "lo")):
        bucket.compose("scene.tif", *parts)
        digests.append(checksum(f"{bucket.url}/scene.tif"))
    assert digests[0].startswith("remote:")
    assert digests[0] != digests[1] == digests[2]


@pytest.mark.parametrize(
    "use", [checksum, remove, lambda url: reading(url).__enter__()]
)
def test_a_bucket_that_does_not_answer_is_an_error_that_names_the_file(
    bucket, impatient, use
):
    bucket.put_text("scene.tif", "hello")
    for method in ("GET", "DELETE"):
        bucket.fails(method, "/scene.tif")
    with pytest.raises(OSError, match=r"HttpError") as error:
        use(f"{bucket.url}/scene.tif")
    assert isinstance(error.value, CannotRead) == (use is not remove)
    assert use is remove or f"{bucket.url}/scene.tif" in str(error.value)


def test_a_url_of_a_disk_is_a_path(tmp_path):
    url = f"file://{tmp_path}/made/scene.tif"
    with writing(url) as part:
        part.write_text("hello")
    assert (tmp_path / "made" / "scene.tif").read_text() == "hello"
    assert checksum(url) == HELLO
    with reading(url) as path:
        assert path == tmp_path / "made" / "scene.tif"
    remove(url)
    assert list((tmp_path / "made").iterdir()) == []


def test_a_file_is_on_the_disk_before_it_takes_its_name(tmp_path, monkeypatch):
    final, synced = tmp_path / "scene.tif", []

    def fsync(file):
        synced.append((os.fstat(file).st_ino, final.exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    with writing(str(final)) as part:
        part.write_text("hello")
        inode = part.stat().st_ino
    assert synced == [(inode, False)]
