import pytest

from seq2report.report import numbers


def test_a_deviation_over_seeds_stands_beside_the_mean_where_there_is_one():
    assert numbers.spread(0.9, 0.0123) == "90.0% ± 1.2"
    assert numbers.spread(0.9, float("nan")) == "90.0%"


def test_parameters_are_counted_with_those_that_are_frozen():
    assert numbers.parameters(1385, 0) == "1,385 parameters"
    tuned = numbers.parameters(22_565_378, 19_015_680)
    assert tuned == "22.6 million parameters, 19.0 million of them frozen"


def test_milliseconds_have_two_digits_that_count():
    assert [numbers.milliseconds(each) for each in (0.0524, 1.28, 12.8, 1280)] == [
        *("0.052 ms", "1.3 ms", "13 ms", "1,280 ms"),
    ]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ("150 × 1000", "150 × 1,000 (600 kB)"),
        ("300000", "300,000 (1,200 kB)"),
        ("5 × 3", "5 × 3 (60 bytes)"),
    ],
)
def test_a_shape_tells_its_memory_as_32_bit_numbers(sizes, expected):
    assert numbers.shape(sizes) == expected


def test_seconds_have_two_digits_that_count_below_one_second():
    assert [numbers.seconds(each) for each in (0.0, 0.0213, 0.996, 1.26, 12.6, 126)] == [
        *("less than 0.001 s", "0.021 s", "1 s", "1.3 s", "13 s", "2.1 min"),
    ]


def test_no_number_of_a_page_has_an_exponent():
    assert numbers.milliseconds(3.3e-5) == "less than 0.001 ms"
    assert numbers.milliseconds(99.7) == "100 ms"
    assert [numbers.mean_count(each) for each in (12500.0, 12345.5, 2.0)] == [
        *("12,500", "12,345.5", "2"),
    ]
