import pytest

from sea_ice_kedro.reporting.run_report import words

NAN = float("nan")


@pytest.mark.parametrize(
    ("function", "value", "text"),
    [
        (words.percent, 0.9632, "96.3 %"),
        (words.percent, NAN, "–"),
        (words.percent, None, "–"),
        (words.number, 4_194_304, "4 194 304"),
        (words.number, NAN, "–"),
        (words.area, 9.994, "9.99 km²"),
        (words.area, 1880.2, "1 880 km²"),
        (words.area, NAN, "–"),
        (words.seconds, 0.42, "0.42 s"),
        (words.seconds, 59.9, "59.9 s"),
        (words.seconds, 185, "3 min 05 s"),
        (words.seconds, 7800, "2 h 10 min"),
        (words.seconds, None, "–"),
        (words.rate, 3.68, "3.7/s"),
        (words.rate, 0.5, "2.0 s each"),
        (words.rate, None, "–"),
        (words.moment, "2019-11-03T19:09:21+00:00", "2019-11-03 19:09 UTC"),
        (words.moment, "2019-11-03", "2019-11-03"),
        (words.moment, NAN, "–"),
        (words.text, "x", "x"),
        (words.text, "", "–"),
        (words.text, NAN, "–"),
    ],
)
def test_numbers_are_written_as_people_read_them(function, value, text):
    assert function(value) == text


def test_many_names_are_cut_short():
    assert words.names(["a", "b"]) == "a, b"
    assert words.names(list("abcdefg")) == "a, b, c, d, e and 2 more"
    assert words.plural(1, "scene") == "1 scene"
    assert words.plural(0, "scene") == "0 scenes"
