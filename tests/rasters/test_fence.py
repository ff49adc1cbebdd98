"""What lies beside a raster leads nowhere: a server on this machine counts."""

from http.server import BaseHTTPRequestHandler

import numpy as np
import pytest
import rasterio

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.sources import IngestionOptions, find_scenes
from tests.fabricate import floes, write
from tests.servers import serving

VRT = (
    '<VRTDataset rasterXSize="32" rasterYSize="24"><VRTRasterBand dataType="Byte" '
    'band="1"><SimpleSource><SourceFilename>{}</SourceFilename><SourceBand>1'
    "</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
)
PAM = (
    '<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{}</MDI>'
    "</Metadata></PAMDataset>"
)


@pytest.fixture
def stranger():
    """Serve nothing to anybody; `asked` are the requests that came nevertheless."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, str(self.headers)))
            self.send_error(404)

        do_HEAD = do_GET

        def log_message(self, *args):
            """Say nothing."""

    with serving(Handler, asked=asked) as server:
        server.address = f"{server.url}/x.tif"
        yield server


def leads(server, folder):
    """Names that would have GDAL ask the server, one with a file of this machine."""
    secret = folder / "secret.json"
    secret.write_text("SECRET: 1\n")
    plain = f"/vsicurl/{server.address}"
    with_secret = f"/vsicurl?header_file={secret}&amp;url={server.address}"
    return [plain, with_secret, with_secret.replace("/vsi", "&#47;vsi")]


def read_all(folder):
    """Do what a run does with each scene of a folder; give what it says of each."""
    said = {}
    for entry in find_scenes(IngestionOptions("folder", str(folder))):
        try:
            entry.scene.fingerprint()
            entry.scene()
        except InvalidScene as error:
            said[entry.scene_id] = str(error)
    return said


@pytest.mark.parametrize("number", range(3))
def test_no_file_beside_a_scene_has_anybody_asked(tmp_path, stranger, number):
    lead, folder = leads(stranger, tmp_path)[number], tmp_path / "in"
    beside = {"o.tif.ovr": VRT, "m.png.msk": VRT, "a.png.aux.xml": PAM}
    beside |= {"u.tif.OVR": VRT, "p.tif.aux.xml": PAM}
    for name, content in beside.items():
        write(folder / name[:5], floes())
        (folder / name).write_text(content.format(lead))
    write(folder / "fine.png", floes())
    said = read_all(folder)
    assert stranger.asked == []
    assert sorted(said) == ["a", "m", "o", "p", "u"]
    assert said["o"].startswith("o.tif: expected a TIFF in o.tif.ovr, got a file that")
    assert "a.png: expected words about a.png in a.png.aux.xml" in said["a"]


def test_no_scene_itself_has_anybody_asked(tmp_path, stranger):
    path = write(tmp_path / "in/a.tif", floes())
    with rasterio.open(path, "r+") as file:
        file.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=f"/vsicurl/{stranger.address}")
    stranger.asked.clear()
    said = read_all(tmp_path / "in")
    assert stranger.asked == []
    assert "a name of another file" in said["a"]


def test_words_overviews_and_masks_that_gdal_wrote_itself_are_fine(tmp_path):
    path = write(tmp_path / "a.tif", floes(96, 96), nodata=7)
    mask = np.full((96, 96), 255, np.uint8)
    mask[:9] = 0
    external = rasterio.Env(TIFF_USE_OVR=True, GDAL_TIFF_INTERNAL_MASK=False)
    with external, rasterio.open(path, "r+") as file:
        file.build_overviews([2])
    with rasterio.open(path) as file:
        file.statistics(1)
    assert (tmp_path / "a.tif.ovr").is_file()
    write(tmp_path / "b.png", floes(96, 96))
    write(tmp_path / "m.tif", mask).rename(tmp_path / "b.png.msk")
    assert read_all(tmp_path) == {}
