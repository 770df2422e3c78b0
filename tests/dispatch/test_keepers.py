"""What keepers tell, folded: late, twice and out of order it comes to the same."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dispatch.events import GivenBack, PointClosed, PointFull, PointOpened, Scanned
from dispatch.households import PointId
from dispatch.keepers import Notice, Scan, notices_of, scans_of
from dispatch.orders import OrderId

NINE = datetime(2026, 11, 11, 1, tzinfo=UTC)
P1, P2 = PointId("P1"), PointId("P2")


def at(minutes):
    return NINE + timedelta(minutes=minutes)


def word(kind, minutes, point=P1, *orders):
    names = tuple(OrderId(each) for each in orders or ("o1",))
    return kind(at=at(minutes), by="t", event_id="e", point_id=point, order_ids=names)


def test_a_scanned_order_stands_at_the_point_since_it_was_scanned():
    scans = scans_of([word(Scanned, 0, P1, "o1", "o2")])
    assert scans == {each: Scan(point_id=P1, at=at(0)) for each in ("o1", "o2")}


def test_the_later_word_wins_whichever_was_heard_first():
    scanned, back = word(Scanned, 0), word(GivenBack, 5)
    assert scans_of([scanned, back]) == scans_of([back, scanned]) == {}
    again = word(Scanned, 9)
    assert scans_of([again, back, scanned]) == {"o1": Scan(point_id=P1, at=at(9))}


def test_at_one_moment_a_scan_wins():
    assert scans_of([word(GivenBack, 0), word(Scanned, 0)]).keys() == {"o1"}


def test_scanned_twice_it_stands_there_since_the_first_time_and_elsewhere_since_the_last():
    assert scans_of([word(Scanned, 7), word(Scanned, 2)])["o1"].at == at(2)
    moved = scans_of([word(Scanned, 7, P2), word(Scanned, 2)])
    assert moved == {"o1": Scan(point_id=P2, at=at(7))}


def test_what_is_said_of_a_point_holds_until_it_is_taken_back():
    full = PointFull(at=at(0), by="t", point_id=P1, pieces_left=3)
    closed = PointClosed(at=at(5), by="t", point_id=P1, from_at=at(60), until_at=at(90))
    both = Notice(full_since=at(0), pieces_left=3, closed_from=at(60), closed_until=at(90))
    assert notices_of([full, closed]) == {P1: both}
    assert [both.is_closed(at(m)) for m in (59, 60, 89, 90)] == [False, True, True, False]
    opened = PointOpened(at=at(6), by="t", point_id=P1)
    assert notices_of([opened, full, closed]) == {}
    later = PointClosed(at=at(7), by="t", point_id=P1, from_at=at(7))
    found = notices_of([later, opened, full, closed])
    assert found == {P1: Notice(closed_from=at(7))}
    assert found[P1].is_closed(at(5000))


moments = st.integers(0, 4)
words = st.one_of(
    st.builds(
        word,
        st.sampled_from((Scanned, GivenBack)),
        moments,
        st.sampled_from((P1, P2)),
        st.sampled_from(("o1", "o2")),
    ),
    # Nobody says two things of one point in the same moment: that clock is ours.
    st.builds(lambda m: PointFull(at=at(m), by="t", point_id=P1, pieces_left=m), moments),
    st.builds(lambda m: PointOpened(at=at(m), by="t", point_id=P1), moments),
    st.builds(lambda m: PointClosed(at=at(m), by="t", point_id=P1, from_at=at(m)), moments),
)


@given(st.lists(words), st.randoms(use_true_random=False))
def test_order_and_repetition_make_no_difference(events, chance):
    again = [*events, *(each for each in events if chance.random() < 0.5)]
    chance.shuffle(again)
    assert scans_of(again) == scans_of(events)
    assert notices_of(again) == notices_of(events)
