import logging
import os
import pickle

import numpy as np
import pytest
import rasterio

from sea_ice_kedro.engines import fingerprint_of
from sea_ice_kedro.errors import CannotRead, InvalidLabel, InvalidScene
from sea_ice_kedro.sources import IngestionOptions, find_scenes
from tests.fabricate import floes, quiet, write

BLACK = np.zeros((48, 64, 3), np.uint8)


def listed(folder, **options):
    entries = find_scenes(
        IngestionOptions(source="folder", folder=str(folder), **options)
    )
    return {entry.scene_id: entry for entry in entries}


def pictures(folder, *names):
    for name in names:
        if name.endswith((".png", ".tif", ".jpg")):
            write(folder / name, floes())
        else:
            folder.mkdir(exist_ok=True)
            (folder / name).write_text("text")
    return folder


def test_every_png_jpeg_and_geotiff_is_a_scene_in_order_of_their_ids(tmp_path):
    pictures(tmp_path, "c.png", "a.tif", "b.jpg")
    (tmp_path / "c.png").rename(tmp_path / "c.PNG")
    assert list(listed(tmp_path)) == ["a", "b", "c"]


def test_other_files_and_sub_folders_are_not_read_and_said(tmp_path, caplog):
    pictures(tmp_path, "a.png", "a.xml", "b.xml", "README")
    pictures(tmp_path / "more", "z.png")
    with caplog.at_level(logging.INFO):
        assert list(listed(tmp_path)) == ["a"]
    assert "files not read, by ending: {'no ending': 1, '.xml': 2}" in caplog.text
    assert "folders not read: more" in caplog.text


@pytest.mark.parametrize("letter", ["x", "海"])
def test_a_name_too_long_for_its_products_costs_that_scene_only(tmp_path, letter):
    most = 251 // len(letter.encode())
    pictures(tmp_path, "a.png", f"{letter * most}.png", f"{'y' * 180}.png")
    entries = listed(tmp_path)
    (long,) = set(entries) - {"a", "y" * 180}
    with pytest.raises(InvalidScene, match=r"at most \d+ bytes.*; rename the file"):
        entries[long].scene()
    assert len(long) < 80


def test_what_macos_leaves_beside_files_is_no_scene(tmp_path, caplog):
    pictures(tmp_path, "a.png")
    (tmp_path / "._a.png").write_bytes(bytes(4096))
    apart = "bånd", "ba\N{COMBINING RING ABOVE}nd"
    write(tmp_path / f"{apart[1]}.png", floes())
    with caplog.at_level(logging.INFO):
        entries = listed(tmp_path)
    assert list(entries) == ["a", apart[0]]
    assert entries[apart[0]].scene().scene_id == apart[0]
    assert "1 hidden files not read" in caplog.text


def test_a_pipe_is_named_and_a_link_that_leads_nowhere_costs_itself(tmp_path, caplog):
    pictures(tmp_path, "a.png")
    os.mkfifo(tmp_path / "b.png")
    (tmp_path / "c.png").symlink_to("nowhere.png")
    entries = listed(tmp_path)
    assert sorted(entries) == ["a", "c"]
    assert "no files, and not read: b.png" in caplog.text
    with pytest.raises(InvalidScene, match=r"c\.png: expected a file, got a link"):
        entries["c"].scene()


@pytest.mark.parametrize("address", ["ftp://127.0.0.1:9/x", "what://is/this"])
def test_an_address_that_cannot_be_opened_is_said_with_the_way_out(address):
    with pytest.raises(
        CannotRead, match=r"expected ingestion\.folder to be a path, or"
    ):
        listed(address)


def test_long_names_that_differ_at_their_ends_are_both_named(tmp_path):
    for number in range(20):
        (tmp_path / f"{'a' * 230}{number:02d}.png").touch()
    assert len(listed(tmp_path)) == 20


def test_an_empty_folder_is_refused_with_what_was_expected(tmp_path):
    with pytest.raises(
        InvalidScene, match=r"expected PNG, JPEG or GeoTIFF .* got none among 0 files"
    ):
        listed(tmp_path)


def test_a_missing_folder_is_refused_by_name(tmp_path):
    with pytest.raises(InvalidScene, match=r"got .*/nowhere, which does not exist"):
        listed(tmp_path / "nowhere")


def test_a_file_instead_of_a_folder_is_refused(tmp_path):
    write(tmp_path / "a.png", floes())
    with pytest.raises(InvalidScene, match=r"a\.png, which is a file"):
        listed(tmp_path / "a.png")


def test_two_files_of_one_id_cost_that_id_only(tmp_path):
    entries = listed(pictures(tmp_path, "a.png", "a.tif", "b.png"))
    with pytest.raises(InvalidScene, match=r"one scene with the id 'a', got 2 files"):
        entries["a"].scene()
    assert entries["b"].scene().scene_id == "b"


@pytest.mark.parametrize(
    ("name", "listed_as"),
    [
        ("..png", "%2E"),
        ("...png", "%2E%2E"),
        ("a..b.png", "a%2E%2Eb"),
        ("a:b.png", "a%3Ab"),
        ("a\\b.png", "a%5Cb"),
        ("a\nb.png", "a%0Ab"),
        ("-rf.png", "-rf"),
        ("*.png", "%2A"),
    ],
)
def test_a_name_that_is_no_id_costs_that_file_only(tmp_path, name, listed_as):
    write(tmp_path / "source.png", floes()).rename(tmp_path / name)
    entries = listed(pictures(tmp_path, "b.png"))
    assert sorted(entries) == sorted([listed_as, "b"])
    with pytest.raises(InvalidScene, match=r"scene id of letters.* rename the file"):
        entries[listed_as].scene()
    assert entries["b"].scene().scene_id == "b"


def test_a_name_that_is_no_id_never_takes_the_place_of_one(tmp_path):
    entries = listed(pictures(tmp_path, "a!b.png", "a_b.png", "a%21b.png"))
    assert len(entries) == 3
    assert entries["a_b"].scene().scene_id == "a_b"


def test_the_authors_archive_gives_scenes_with_their_labels(tmp_path):
    write(tmp_path / "s2_vis_00.png", floes())
    write(tmp_path / "s2_vis_01.png", floes(seed=1))
    colours = BLACK.copy()
    colours[:, :10], colours[:, 10:30], colours[:, 30:] = (
        (255, 0, 0),
        (0, 0, 255),
        (0, 255, 0),
    )
    write(tmp_path / "s2_seg_00.png", colours)
    entries = listed(tmp_path)
    assert list(entries) == ["s2_vis_00", "s2_vis_01"]
    label = entries["s2_vis_00"].manual_label()
    assert label.codes[0, [0, 10, 30]].tolist() == [0, 1, 2]
    assert entries["s2_vis_01"].manual_label is None


def test_markers_of_another_archive_can_be_configured(tmp_path):
    pictures(tmp_path, "x.image.png")
    write(tmp_path / "x.labels.png", BLACK)
    entries = listed(tmp_path, scene_marker=".image", label_marker=".labels")
    assert list(entries) == ["x.image"]
    assert (entries["x.image"].manual_label().codes == 255).all()


def test_a_label_without_its_scene_is_an_error_of_its_own(tmp_path):
    entries = listed(pictures(tmp_path, "s2_vis_00.png", "s2_seg_07.png"))
    with pytest.raises(
        InvalidScene, match=r"s2_seg_07\.png: expected .* scene s2_vis_07 beside it"
    ):
        entries["s2_seg_07"].scene()
    assert entries["s2_vis_00"].scene().scene_id == "s2_vis_00"


def test_two_labels_of_one_scene_cost_the_label_only(tmp_path):
    entries = listed(
        pictures(tmp_path, "s2_vis_00.png", "s2_seg_00.png", "s2_seg_00.tif")
    )
    with pytest.raises(
        InvalidLabel, match=r"s2_vis_00\.png, got s2_seg_00\.png, s2_seg_00\.tif"
    ):
        entries["s2_vis_00"].manual_label()
    assert entries["s2_vis_00"].scene().scene_id == "s2_vis_00"


def test_content_and_name_make_the_fingerprint_and_the_folder_does_not(tmp_path):
    first = listed(pictures(tmp_path / "here", "a.png"))["a"].scene
    moved = listed(pictures(tmp_path / "there", "a.png"))["a"].scene
    assert fingerprint_of(first) == fingerprint_of(moved)
    before = fingerprint_of(first)
    write(tmp_path / "here" / "a.png", floes(seed=1))
    assert fingerprint_of(first) != before


def test_a_world_file_or_mask_beside_a_scene_makes_it_another_scene(tmp_path):
    write(tmp_path / "a.png", floes())
    scene = listed(tmp_path)["a"].scene
    before = scene.fingerprint()
    (tmp_path / "a.pgw").write_text("10\n0\n0\n-10\n5\n-5\n")
    assert scene.fingerprint() != before


def test_a_link_that_leads_nowhere_is_a_scene_that_fails(tmp_path):
    write(tmp_path / "a.png", floes())
    (tmp_path / "b.png").symlink_to(tmp_path / "gone.png")
    entries = listed(tmp_path)
    assert list(entries) == ["a", "b"]
    with pytest.raises(InvalidScene, match=r"b\.png: expected a file"):
        entries["b"].scene()


WORLD_FILE = "10\n0\n0\n-10\n-300000\n-1200000\n"


def test_a_folder_in_a_bucket_gives_the_scenes_of_a_folder_on_a_disk(bucket, tmp_path):
    pictures(tmp_path, "s2_vis_00.png", "b.tif", "c.jpg", "README")
    write(tmp_path / "s2_seg_00.png", BLACK)
    pictures(tmp_path / "more", "z.png")
    here, there = listed(tmp_path), listed(bucket.put(tmp_path, "season 1/scenes"))
    assert list(there) == list(here) == ["b", "c", "s2_vis_00"]
    for scene_id, entry in pickle.loads(pickle.dumps(there)).items():
        assert np.array_equal(entry.scene().rgb, here[scene_id].scene().rgb)
        assert entry.scene().origin == here[scene_id].scene().origin
        assert fingerprint_of(entry.scene) == fingerprint_of(here[scene_id].scene)
    label = there["s2_vis_00"].manual_label
    assert (label().codes == 255).all()
    assert fingerprint_of(label) == fingerprint_of(here["s2_vis_00"].manual_label)


@pytest.mark.parametrize(
    "name", ["a.pgw", "a.PGW", "a.pngw", "a.wld", "a.png.aux.xml", "a.png.msk"]
)
def test_what_lies_beside_a_scene_in_a_bucket_belongs_to_it(bucket, tmp_path, name):
    write(tmp_path / "a.png", floes())
    bare = listed(bucket.put(tmp_path, "bare"))["a"].scene
    if name.endswith(".msk"):
        mask = write(tmp_path / "mask.tif", np.full((48, 64), 255, np.uint8))
        mask.rename(tmp_path / name)
    elif name.endswith(".xml"):
        text = "<GeoTransform>5, 10, 0, 5, 0, -10</GeoTransform>"
        (tmp_path / name).write_text(f"<PAMDataset>{text}</PAMDataset>")
    else:
        (tmp_path / name).write_text(WORLD_FILE)
    there = listed(bucket.put(tmp_path))["a"].scene
    assert there.fingerprint() == listed(tmp_path)["a"].scene.fingerprint()
    assert there.fingerprint() != bare.fingerprint()
    there()


def test_a_mask_beside_a_scene_in_a_bucket_says_what_is_valid(bucket, tmp_path):
    write(tmp_path / "a.png", floes())
    observed = np.full((48, 64), 255, np.uint8)
    observed[:10] = 0
    with quiet(), rasterio.open(tmp_path / "a.png", "r+") as file:
        file.write_mask(observed)
    assert {p.name for p in tmp_path.iterdir()} >= {"a.png", "a.png.msk"}
    scene = listed(bucket.put(tmp_path))["a"].scene()
    assert np.array_equal(scene.valid_mask, observed > 0)
    assert np.array_equal(scene.valid_mask, listed(tmp_path)["a"].scene().valid_mask)


def test_a_fingerprint_in_a_bucket_costs_no_scene(bucket, tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (600, 600, 3), np.uint8)
    write(tmp_path / "a.tif", rgb)
    scene = listed(bucket.put(tmp_path))["a"].scene
    bucket.forget()
    scene.fingerprint()
    assert bucket.sent < 20_000


def test_another_scene_under_the_same_name_in_a_bucket_is_noticed(bucket, tmp_path):
    write(tmp_path / "a.png", floes())
    scene = listed(bucket.put(tmp_path))["a"].scene
    before = scene.fingerprint()
    write(tmp_path / "a.png", floes(seed=1))
    bucket.put(tmp_path)
    assert scene.fingerprint() != before
    assert np.array_equal(scene().rgb, floes(seed=1))


@pytest.mark.parametrize("folder", ["", "/none", "-of-others/scenes"])
def test_a_missing_folder_in_a_bucket_is_refused_by_its_url(bucket, folder):
    url = f"{bucket.url}{folder}"
    with pytest.raises(
        InvalidScene, match=f"got {url}, which does not exist|none amon"
    ):
        listed(url)


def test_an_object_instead_of_a_folder_is_refused(bucket, tmp_path):
    url = bucket.put(pictures(tmp_path, "a.png"))
    with pytest.raises(InvalidScene, match=r"a\.png, which is a file"):
        listed(f"{url}/a.png")


def test_a_folder_in_a_bucket_without_scenes_is_refused(bucket):
    bucket.put_text("scenes/", "")
    bucket.put_text("scenes/README", "text")
    with pytest.raises(InvalidScene, match="got none among 1 files"):
        listed(f"{bucket.url}/scenes")


def test_a_bucket_that_forbids_to_list_says_so(bucket):
    bucket.fails("GET", "", how="403")
    with pytest.raises(CannotRead, match=f"read {bucket.url}/scenes, got .*Forbidden"):
        listed(f"{bucket.url}/scenes")


def test_a_url_of_a_folder_on_a_disk_is_a_folder(tmp_path):
    write(tmp_path / "a.png", floes())
    (tmp_path / "a.pgw").write_text(WORLD_FILE)
    there, here = listed(f"file://{tmp_path}"), listed(tmp_path)
    assert fingerprint_of(there["a"].scene) == fingerprint_of(here["a"].scene)
    assert there["a"].scene().scene_id == "a"


def test_a_copy_of_a_file_is_no_second_scene_and_is_named(tmp_path, caplog):
    pictures(tmp_path, "a.png", "b.png")
    (tmp_path / "a (1).png").write_bytes((tmp_path / "a.png").read_bytes())
    write(tmp_path / "b - Copy.png", 255 - floes())
    assert list(listed(tmp_path)) == ["a", "b", "b - Copy"]
    assert "a (1).png (shown by a.png)" in caplog.text


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    pictures(tmp_path / "scenes", "a.png")
    assert list(listed("~/scenes")) == ["a"]


def test_names_that_differ_in_how_accents_are_encoded_are_both_refused(tmp_path):
    write(tmp_path / "\u00e9.png", floes())
    write(tmp_path / "e\u0301.png", floes(seed=1))
    (entry,) = listed(tmp_path).values()
    with pytest.raises(InvalidScene, match=r"2 files of that name.* accents encoded"):
        entry.scene()


@pytest.mark.parametrize("name", ["a::b", "a::b (1)"])
def test_a_name_that_nothing_opens_costs_itself_only(tmp_path, name):
    pictures(tmp_path, "a.png", f"{name}.png", "a::b.png")
    assert "a" in listed(tmp_path)


def test_the_same_bytes_under_two_names_are_told(tmp_path, caplog):
    for name, seed in (("a", 0), ("b", 0), ("c", 1), ("d", 2)):
        write(tmp_path / f"{name}.tif", floes(seed=seed))
    caplog.set_level("WARNING")
    entries = find_scenes(IngestionOptions(source="folder", folder=str(tmp_path)))
    assert [entry.scene_id for entry in entries] == ["a", "b", "c", "d"]
    (said,) = caplog.messages
    assert "the same bytes under 2 names" in said
    assert "a.tif, b.tif;" in said
