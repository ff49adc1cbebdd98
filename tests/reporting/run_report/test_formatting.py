import pytest

from sea_ice_kedro.reporting.run_report import formatting

NAN = float("nan")


@pytest.mark.parametrize(
    ("function", "value", "text"),
    [
        (formatting.percent, 0.9632, "96.3 %"),
        (formatting.percent, NAN, "–"),
        (formatting.percent, None, "–"),
        (formatting.number, 4_194_304, "4 194 304"),
        (formatting.number, NAN, "–"),
        (formatting.area, 9.994, "9.99 km²"),
        (formatting.area, 1880.2, "1 880 km²"),
        (formatting.area, NAN, "–"),
        (formatting.seconds, 0.42, "0.42 s"),
        (formatting.seconds, 59.9, "59.9 s"),
        (formatting.seconds, 185, "3 min 05 s"),
        (formatting.seconds, 7800, "2 h 10 min"),
        (formatting.seconds, None, "–"),
        (formatting.rate, 3.68, "3.7/s"),
        (formatting.rate, 0.5, "2.0 s each"),
        (formatting.rate, None, "–"),
        (formatting.moment, "2019-11-03T19:09:21+00:00", "2019-11-03 19:09 UTC"),
        (formatting.moment, "2019-11-03", "2019-11-03"),
        (formatting.moment, "2019-11-03T00:00:00+00:00", "2019-11-03"),
        (formatting.moment, NAN, "–"),
        (formatting.text, "x", "x"),
        (formatting.text, "", "–"),
        (formatting.text, NAN, "–"),
    ],
)
def test_numbers_are_written_as_people_read_them(function, value, text):
    assert function(value) == text


def test_many_names_are_cut_short():
    assert formatting.names(["a", "b"]) == "a, b"
    assert formatting.names(list("abcdefg")) == "a, b, c, d, e and 2 more"
    assert formatting.plural(1, "scene") == "1 scene"
    assert formatting.plural(0, "scene") == "0 scenes"
