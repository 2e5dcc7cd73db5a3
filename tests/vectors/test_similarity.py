import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_vectors import MATRIX

from seq2report.vectors import similarity


@given(MATRIX, st.sets(st.integers(0, 13), max_size=4), st.data())
def test_neighbours_are_those_of_a_loop_over_all_words(matrix, zeros, data):
    matrix[list(zeros)] = 0
    known = [row for row in range(14) if row not in zeros]
    asked = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=3))
    best, cosine = similarity.nearest(matrix, np.array(asked))
    for row, found, values in zip(asked, best, cosine, strict=True):
        assert row not in found
        assert not zeros & set(found)
        norm = np.linalg.norm
        of = {
            other: matrix[row] @ matrix[other] / norm(matrix[row]) / norm(matrix[other])
            for other in known
            if other != row
        }
        np.testing.assert_allclose(
            values, sorted(of.values())[: -similarity.NEIGHBOURS - 1 : -1], atol=1e-5
        )
        np.testing.assert_allclose(values, [of[other] for other in found], atol=1e-5)


@given(MATRIX, st.permutations(range(14)))
def test_the_answer_to_an_analogy_is_that_of_a_loop_over_all_other_words(matrix, order):
    a, b, c = order[:3]
    unit = similarity.unit_rows(matrix)
    rows, cosine = similarity.solve(unit, a, b, c)
    assert sorted([*rows, a, b, c]) == list(range(14))
    wanted = unit[b] - unit[a] + unit[c]
    of = {row: unit[row] @ wanted / np.linalg.norm(wanted) for row in order[3:]}
    np.testing.assert_allclose(cosine, sorted(of.values(), reverse=True), atol=1e-5)
    np.testing.assert_allclose(cosine, [of[row] for row in rows], atol=1e-5)


def test_cosines_are_of_the_same_rows():
    before = np.array([[1, 0], [1, 1], [2, 0], [0, 0]], dtype="float32")
    after = np.array([[3, 0], [1, -1], [-1, 0], [1, 1]], dtype="float32")
    assert similarity.cosines(before, after) == pytest.approx([1, 0, -1, 0])
