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
    assert [numbers.milliseconds(each) for each in (0.0524, 1.0, 1.28, 12.8, 1280)] == [
        *("0.052 ms", "1.0 ms", "1.3 ms", "13 ms", "1,280 ms"),
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
        *("less than 0.001 s", "0.021 s", "1.0 s", "1.3 s", "13 s", "2.1 min"),
    ]


@pytest.mark.parametrize(
    ("value", "form", "expected"),
    [
        (-0.5, "+.1f", "−0.5"),
        (0.04, "+.1f", "0.0"),
        (-0.0001, "+.1%", "0.0%"),
        (-0.001, ".2f", "0.00"),
        (3, "+d", "+3"),
        (-1.23e-10, ".1e", "−1.2e−10"),
    ],
)
def test_a_zero_after_rounding_has_no_sign(value, form, expected):
    assert numbers.signed(value, form) == expected


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (0.7123, 2, "0.71"),
        (0, 2, "0"),
        (1234.5, 2, "1,234"),
        (6.82e-8, 2, "6.8 × 10⁻⁸"),
        (9.96e8, 2, "1 × 10⁹"),
        (-12345678, 4, "−1.235 × 10⁷"),
        (10130.2, 4, "10,130"),
        (0.25, 4, "0.25"),
        (float("inf"), 2, "inf"),
    ],
)
def test_a_short_number_has_its_power_of_ten_if_it_is_small_or_large(value, digits, expected):
    assert numbers.short(value, digits) == expected
    assert numbers.fill("{x:short}", x=value) == numbers.short(value)


def test_no_number_of_a_page_has_an_exponent():
    assert numbers.milliseconds(3.3e-5) == "less than 0.001 ms"
    assert numbers.milliseconds(99.7) == "100 ms"
    assert [numbers.mean_count(each) for each in (12500.0, 12345.5, 2.0)] == [
        *("12,500", "12,345.5", "2"),
    ]
