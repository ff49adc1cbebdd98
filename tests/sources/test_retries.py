import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sea_ice_kedro.bounded_web import Passing, Patience, RateLimit, rate_limit


@pytest.mark.parametrize(
    ("tried", "share", "wait_s"),
    [(1, 0.0, 0.5), (1, 1.0, 1.0), (2, 1.0, 2.0), (4, 0.5, 6.0), (9, 1.0, 60.0)],
)
def test_waits_double_up_to_a_minute_and_are_random(tried, share, wait_s):
    assert Patience(9, 1.0).wait_s(tried, share) == wait_s


def failing(times, **more):
    asked = []

    def request():
        asked.append(time.monotonic())
        if len(asked) <= times:
            raise Passing("not now", **more)
        return len(asked)

    return request, asked


def test_a_request_is_made_until_it_is_answered():
    request, _ = failing(2)
    assert Patience(3, 0.0).ask(request, "it") == 3


def test_the_last_try_s_reason_is_raised():
    request, asked = failing(3)
    with pytest.raises(Passing, match="not now"):
        Patience(3, 0.0).ask(request, "it")
    assert len(asked) == 3


def test_a_server_that_asks_to_wait_is_obeyed():
    request, asked = failing(1, wait_s=0.2)
    Patience(2, 0.0).ask(request, "it")
    assert asked[1] - asked[0] >= 0.2


def test_other_errors_are_not_tried_again():
    asked = []

    def request():
        asked.append(1)
        raise KeyError("x")

    with pytest.raises(KeyError):
        Patience(3, 0.0).ask(request, "it")
    assert len(asked) == 1


def test_threads_share_one_limit():
    limit = RateLimit(50.0)
    start = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: limit.wait(), range(11)))
    assert 0.2 <= time.monotonic() - start < 2


def test_a_server_has_one_limit_in_a_process():
    assert rate_limit("a", 5.0) is rate_limit("a", 5.0)
    assert rate_limit("a", 5.0) is not rate_limit("b", 5.0)
