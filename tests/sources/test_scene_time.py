import pytest

from sea_ice_kedro.sources.scene_files import time_of_file


def told(stem, **tags):
    time, notes = time_of_file(stem, tags)
    return time and time.isoformat().removesuffix("+00:00").removesuffix(
        "T00:00:00"
    ), notes


@pytest.mark.parametrize(
    ("stem", "time"),
    [
        ("S2A_MSIL1C_20191103T190919_N0208_R013_T03CWT_20191103T202518", "2019-11-03T19:09:19"),
        ("T03CWT_20191103T190919_B04", "2019-11-03T19:09:19"),
        ("ice_20191103", "2019-11-03"),
        ("ice-2019-11-03", "2019-11-03"),
        ("ice_2019_11_03", "2019-11-03"),
        ("2019_11_03_19_09_19", "2019-11-03T19:09:19"),
        ("20191103_ice_20191103T190919", "2019-11-03"),
        ("2019-11-03T19-09-19_ice", "2019-11-03T19:09:19"),
        ("2019-11-03 19.09.19", "2019-11-03T19:09:19"),
        ("20191103190919", "2019-11-03T19:09:19"),
        ("20191103_190919_1034", "2019-11-03T19:09:19"),
        ("LC08_L1GT_052116_20191103_20200825_02_T2", "2019-11-03"),
        ("MOD09GA.A2019307.h17v17.006", "2019-11-03"),
        ("MOD021KM.A2019307.1910.061.2019308070000", "2019-11-03T19:10:00"),
        ("HLS.S30.T01CCV.2019307T190919.v2.0", "2019-11-03T19:09:19"),
        ("HLS.L30.T01CCV.2019399T190919.v2.0", None),
        ("VNP09GA.A2019307.9999.001", "2019-11-03"),
        ("S2A_OPER_PRD_MSIL1C_PDMC_20160119T013846_R116_V20160117T002243_20160117T002334", "2016-01-17T00:22:43"),
        ("20160117_S2A_OPER_MSI_L1C_TL_SGS__20160119T013846_A002987_T01CCV", "2016-01-17"),
        ("ice_12345678", None),
        ("ice_20191332", None),
        ("y02048x04096", None),
        ("MOD09GA.A2019307.h17v17.006.20191105", "2019-11-03"),
        ("S2B_MSIL1C_20191103T190919_N0500_R013_T03CWT_20230605T202518", "2019-11-03T19:09:19"),
        ("ice_99991231", None),
        ("ice_2019_13_03", None),
        ("ice_19651103", None),
    ],
)  # fmt: skip
def test_the_first_time_in_a_name_is_the_scene_s(stem, time):
    assert told(stem) == (time, [])


def test_a_time_of_processing_alone_is_no_time_of_the_scene():
    time, notes = told("S2A_OPER_MSI_L1C_TL_SGS__20160119T013846_A002987_T01CCV_B04")
    assert time is None
    assert "only that of processing" in notes[0]


@pytest.mark.parametrize(
    "stem", ["ice_20191103_20191104", "2019-11-03_to_2020-01-05", "20191103_made_20200825"]
)  # fmt: skip
def test_of_several_days_in_a_name_none_is_taken_and_the_note_says_so(stem):
    time, notes = told(stem)
    assert time is None
    assert notes[0].startswith("has several days in its name, of which none is taken")
    assert told(stem, TIFFTAG_DATETIME="2019:11:03 00:00:00")[0] is None
    assert told(stem, ACQUIRED="2019-11-03") == ("2019-11-03", [])


def test_tags_of_acquisition_come_after_the_name_and_before_that_of_writing():
    assert (
        told("ice", AcquisitionDateTime="2019-11-03 19:09:19")[0]
        == "2019-11-03T19:09:19"
    )
    assert told("ice_20191104", ACQUISITION_DATE="2019-11-03")[0] == "2019-11-04"
    written = {"TIFFTAG_DATETIME": "2019:11:01 08:00:00"}
    assert told("ice", ACQUIRED="2019-11-03", **written) == ("2019-11-03", [])


def test_a_day_of_the_tiff_s_own_tag_is_used_with_the_doubt_about_it():
    time, notes = told("ice", TIFFTAG_DATETIME="2019:11:03 08:00:00")
    assert time == "2019-11-03T08:00:00"
    assert (
        "TIFFTAG_DATETIME, where many programs write when the file was made" in notes[0]
    )
    assert told("ice", TIFFTAG_DATETIME="0000:00:00 00:00:00") == (None, [])
