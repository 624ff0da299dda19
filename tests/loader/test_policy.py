"""The policy vars: what each takes, and that model, project and documentation say the same."""

import re
from datetime import UTC, datetime

import pytest

from api.settings import PROJECT
from loader.errors import InputError
from loader.policy import Policy, project_vars

OWN = ("as_of", "default_timezone", "my_var")


def refusal(**values: object) -> str:
    with pytest.raises(InputError) as caught:
        Policy.from_vars(values, OWN)
    return str(caught.value)


def test_defaults_are_those_of_the_project():
    assert project_vars() == Policy().model_dump()


def test_policy_is_documented():
    text = (PROJECT / "models" / "_definitions.md").read_text()
    table = text.partition("{% docs policy %}")[2].partition("{% enddocs %}")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.M) == list(Policy.model_fields)


@pytest.mark.parametrize(
    ("text", "as_of"),
    [
        ("2023-01-25 18:13:22", "2023-01-25 18:13:22"),
        ("2023-01-25 18:13:22.47922 UTC", "2023-01-25 18:13:22.479220"),
        ("2023-01-25T18:13:22.123456789Z", "2023-01-25 18:13:22.123456"),
        (" 2023-01-25 18:13 ", "2023-01-25 18:13:00"),
        ("2023-01-25T18:13+0530", "2023-01-25 12:43:00"),
        ("2023-01-25 18:13:22 -05", "2023-01-25 23:13:22"),
    ],
)
def test_as_of_is_an_instant_in_utc(text: str, as_of: str):
    expected = datetime.fromisoformat(as_of).replace(tzinfo=UTC)
    policy = Policy.from_vars({"as_of": text}, OWN)
    assert policy.as_of_us == int(expected.timestamp()) * 1_000_000 + expected.microsecond
    assert policy.as_of == text


def test_as_of_that_yaml_has_read():
    policy = Policy.from_vars({"as_of": datetime(2023, 1, 25, 18)}, OWN)
    assert policy.as_of == "2023-01-25 18:00:00"


def test_without_as_of():
    assert Policy.from_vars({"as_of": None}, OWN).as_of_us is None


def test_vars_of_ones_own_are_left_alone():
    assert Policy.from_vars({"my_var": [1]}, OWN) == Policy()


def test_numbers_may_be_text():
    policy = Policy.from_vars({"max_poll_gap": "2.5", "monday_is": "1"}, OWN)
    assert (policy.max_poll_gap, policy.monday_is) == (2.5, 1)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        (
            "as_of",
            "yesterday",
            '; it takes an instant such as "2023-01-25 18:13:22", in UTC unless it has an offset.',
        ),
        (
            "as_of",
            "2023-02-30 00:00:00",
            '; it takes an instant such as "2023-01-25 18:13:22", in UTC unless it has an offset.',
        ),
        ("as_of", "2014-12-31 23:59:59", ", before 2015, from when on polls count."),
        ("default_timezone", "Mars/{Base}", ", which the seed timezone_offsets does not know."),
        (
            "closes_at_midnight_from",
            86_340,
            '; it takes a time of day in quotes, such as "23:59:00".',
        ),
        ("monday_is", 7, "; it takes 0, or 1 for days from Monday = 1 to Sunday = 7."),
        (
            "status_before_first_poll",
            "up",
            "; it takes first_known, unknown, active, inactive.",
        ),
        ("status_when_never_polled", None, "; it takes unknown, active, inactive."),
        ("exclusions", "no", "; it takes exclude, count_up, ignore."),
        *(
            (
                "max_poll_gap",
                value,
                "; it takes a number of hours above 0 and below 1000000, or null.",
            )
            for value in ("inf", "nan", 0, True, "two", 1_000_000)
        ),
    ],
)
def test_value_that_means_nothing_is_refused(name: str, value: object, why: str):
    assert refusal(**{name: value}) == f'the var {name} is "{value}"{why}'


def test_misspelt_name_is_refused():
    assert refusal(max_pol_gap=2) == (
        "there is no var max_pol_gap; there are as_of, default_timezone, my_var."
    )
