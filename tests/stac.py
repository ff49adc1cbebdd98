"""Is a catalogue valid STAC? Core schemas come with pystac; nothing is fetched.

Of the extensions, whose schemas lie on the web, the rules for the fields that we write
are spelled out here (classification 2.0, projection 2.0, processing 1.2, file 2.1).
"""

import json
import re
from pathlib import Path
from urllib.parse import unquote

from pystac import STACObjectType
from pystac.validation.stac_validator import JsonSchemaSTACValidator

_TYPES = {
    "Catalog": STACObjectType.CATALOG,
    "Collection": STACObjectType.COLLECTION,
    "Feature": STACObjectType.ITEM,
}
_PREFIXES = ("classification", "projection", "processing", "file", "mlm")


def expect_valid(folder):
    """Check every file of a catalogue, and that all its links lead to files."""
    paths = sorted(Path(folder).rglob("*.json"))
    assert paths
    for path in paths:
        content = json.loads(path.read_text())
        validator = JsonSchemaSTACValidator()
        kind = _TYPES[content["type"]]
        uri = validator.validate_core(content, kind, content["stac_version"])
        assert uri.startswith("https://schemas.stacspec.org/v1.1.0/")
        for link in [*content["links"], *content.get("assets", {}).values()]:
            assert not Path(link["href"]).is_absolute()
            assert (path.parent / unquote(link["href"])).is_file(), link["href"]
        if content["type"] == "Feature":
            _expect_extensions(content)
    return paths


def _expect_extensions(item):
    declared = {_extension_of(uri) for uri in item["stac_extensions"]}
    assert declared <= set(_PREFIXES)
    used = set()
    for fields in [item["properties"], *item["assets"].values()]:
        for band in fields.get("bands", []):
            assert band["name"]
            used |= _expect_fields(band)
        used |= _expect_fields(fields)
    assert used <= declared


def _extension_of(uri):
    pattern = r"https://stac-extensions\.github\.io/([a-z]+)/v[0-9.]+/schema\.json"
    return re.fullmatch(pattern, uri)[1]


def _expect_fields(fields):
    """Check the fields of extensions; give the extensions that they belong to."""
    if "classification:classes" in fields:
        for described in fields["classification:classes"]:
            _expect_class(described)
    if "proj:code" in fields:
        code = fields["proj:code"]
        assert code is None or re.fullmatch(r"[A-Za-z0-9]+:[A-Za-z0-9]+", code)
        assert code is not None or fields["proj:wkt2"]
        assert [type(value) for value in fields["proj:shape"]] == [int, int]
        assert [type(value) for value in fields["proj:transform"]] == [float] * 6
    if "processing:software" in fields:
        assert all(map(str, fields["processing:software"].values()))
    if "processing:expression" in fields:
        assert set(fields["processing:expression"]) == {"format", "expression"}
    if "file:checksum" in fields:
        assert re.fullmatch("d50110[0-9a-f]{32}", fields["file:checksum"])
        assert fields["file:size"] > 0
    named = {"proj": "projection"}
    prefixes = {key.partition(":")[0] for key in fields if ":" in key} - {"sea_ice"}
    return {named.get(prefix, prefix) for prefix in prefixes}


def _expect_class(described):
    assert type(described["value"]) is int
    assert re.fullmatch("[0-9A-Za-z_-]+", described["name"])
    assert described["description"]
    if not described.get("nodata"):
        assert re.fullmatch("[0-9A-F]{6}", described["color_hint"])
    allowed = {"value", "name", "title", "description", "color_hint", "nodata"}
    assert set(described) <= {*allowed, "count", "percentage"}
