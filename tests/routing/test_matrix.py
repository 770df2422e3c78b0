import numpy as np
import pytest

from routing.matrix import UNREACHABLE, MatrixRefused, Provenance, TravelMatrix

FIXED = Provenance(network="table", profile="van")


def matrix(durations, distances=None):
    durations = np.array(durations, np.int32)
    distances = durations.copy() if distances is None else np.array(distances, np.int32)
    return TravelMatrix(durations_s=durations, distances_m=distances, provenance=FIXED)


def test_a_matrix_knows_its_size_and_which_pairs_have_a_path():
    two = matrix([[0, 5], [UNREACHABLE, 0]])

    assert two.size == 2
    assert two.reachable.tolist() == [[True, True], [False, True]]
    assert not two.provenance.estimated


def test_a_matrix_cannot_be_changed_behind_a_readers_back():
    two = matrix([[0, 5], [6, 0]])

    for values in (two.durations_s, two.distances_m):
        with pytest.raises(ValueError, match="read-only"):
            values[0, 1] = 1


def test_an_empty_matrix_is_one():
    assert matrix(np.empty((0, 0))).size == 0


@pytest.mark.parametrize(
    ("durations", "distances", "complaint"),
    [
        ([[0, 1]], None, "one square shape"),
        ([0, 1], None, "one square shape"),
        ([[0, 1], [1, 0]], [[0]], "one square shape"),
        ([[0, -1], [1, 0]], None, "durations_s must lie in 0…"),
        ([[0, 1], [1, 0]], [[0, UNREACHABLE + 1], [1, 0]], "distances_m must lie in 0…"),
    ],
)
def test_arrays_that_are_no_matrix_are_refused(durations, distances, complaint):
    with pytest.raises(MatrixRefused, match=complaint) as refused:
        matrix(durations, distances)

    assert refused.value.code == "matrix-refused"


@pytest.mark.parametrize("dtype", [np.int64, np.float64, np.uint32])
def test_other_numbers_than_int32_are_refused(dtype):
    with pytest.raises(MatrixRefused, match="must be int32"):
        TravelMatrix(
            durations_s=np.zeros((2, 2), np.int32),
            distances_m=np.zeros((2, 2), dtype),
            provenance=FIXED,
        )
