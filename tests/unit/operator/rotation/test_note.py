"""A store restarts for passwords that people write, and for none that a rotation wrote."""

from hypothesis import given
from hypothesis import strategies as st

from caixa_operator.rotation.note import NOTE_ANNOTATION, noted, read, standing, write

VALUES = st.fixed_dictionaries({"fluxo": st.text(max_size=4), "saldo": st.text(max_size=4)})


@given(VALUES, st.lists(VALUES, min_size=1, max_size=5))
def test_any_number_of_rotations_stands_for_the_first_values(first: dict[str, str], rotations: list[dict[str, str]]) -> None:
    """What the store was started with stays what it need not be restarted for."""
    values, note = first, None
    for promoted in rotations:
        note = noted(values, promoted, note)
        values = {**values, **promoted}
        assert read(write(note)) == note
    assert standing(values, note) == standing(first, None)


@given(VALUES, VALUES, VALUES)
def test_what_a_person_writes_after_a_rotation_restarts_the_store(
    first: dict[str, str], second: dict[str, str], by_hand: dict[str, str]
) -> None:
    """Even where it is what was there before the rotation."""
    note = noted(first, second, None)
    if by_hand != second:
        assert standing(by_hand, note) != standing(second, note)


def test_a_note_that_is_none_is_passed_over() -> None:
    """It costs a restart, and no more."""
    assert read({}) is None
    assert read({NOTE_ANNOTATION: "{"}) is None
