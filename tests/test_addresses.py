import pytest

from sea_ice_kedro.addresses import without_keys


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("at https://bob:SECRET@host:8080/v1: no", "at https://...@host:8080/v1: no"),
        ("GET https://host/v1?token=SECRET&x=1 (404)", "GET https://host/v1?... (404)"),
        ("url: /v1?sig=SECRET%2F (Caused by", "url: /v1?... (Caused by"),
        ("/vsicurl/http://host/B04.tif?SECRET", "/vsicurl/http://host/B04.tif?..."),
        ("of 'sc://host:15002/;token=SECRET'", "of 'sc://host:15002/;...'"),
        (
            "no answer of https://host/v1; try again",
            "no answer of https://host/v1; try again",
        ),
        ("Is it complete? Fetch it again", "Is it complete? Fetch it again"),
        ("gs://bucket/scenes/a b.tif; next", "gs://bucket/scenes/a b.tif; next"),
    ],
)
def test_keys_are_left_out_of_addresses_and_the_rest_stays(text, said):
    assert without_keys(text) == said
