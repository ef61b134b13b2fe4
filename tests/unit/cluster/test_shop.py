"""The load's amounts make a lost or doubled entry visible."""

from tests.cluster.shop import Credentials, Merchant, Post, amount, answers


def test_amounts_differ_and_every_fifth_is_a_debit() -> None:
    """Neighbouring entries have different values, none is zero, and one in five is a debit."""
    values = [amount(number) for number in range(10_000)]
    assert all(values)
    assert len(set(values)) == 10_000
    assert [value < 0 for value in values[:10]] == [False, False, False, False, True] * 2


def test_first_answers_are_counted_and_not_the_retried_ones() -> None:
    """An entry that came through only when it was sent again still counts as unanswered."""
    merchant = Merchant("m", Credentials("c", "s"))
    posts = [Post(merchant, 1, 201, 201, ""), Post(merchant, 2, 0, 201, ""), Post(merchant, 3, 503, 503, "later")]
    assert answers(posts) == {201: 1, 0: 1, 503: 1}
