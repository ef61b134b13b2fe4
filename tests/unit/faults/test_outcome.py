"""What `make faults` tells of a run: when a line is met, and what stands in the table."""

from tests.faults.outcome import UNFINISHED, Outcome, causes, of_control, of_fault, table, unfounded


def test_a_fault_is_met_when_nothing_broke() -> None:
    """One broken invariant, or a scenario that did not finish, is enough for not met."""
    assert of_fault("a", "A", 1, "kills", Outcome({"entries": 3}, {})).met
    assert not of_fault("a", "A", 1, "kills", Outcome({}, {"inbox": "1 missing, 0 too many"})).met
    assert not of_fault("a", "A", 1, "kills", UNFINISHED).met


def test_a_control_is_met_when_exactly_its_invariants_broke() -> None:
    """Nothing found, too little found and something else found are each not caught."""
    breaks = {"inbox", "balances"}
    assert of_control("a", "A", breaks, {"inbox": "…", "balances": "…"}).met
    for found in ({}, {"inbox": "…"}, {"inbox": "…", "balances": "…", "outbox": "…"}, {"queue": "…", "outbox": "…"}):
        assert not of_control("a", "A", breaks, found).met


def test_claims_that_do_not_hold_are_named() -> None:
    """Only those."""
    assert set(unfounded({"it rained": False, "it shone": True})) == {"it rained"}


def test_the_table_shows_what_was_seen_and_marks_what_does_not_hold() -> None:
    """Numbers are grouped, fractions have two places, and a line that is not met is in bold."""
    met = of_fault("a", "broker away", 120, "s", Outcome({"POSTs": 6000, "slowest s": 0.25}, {}))
    not_met = of_fault("b", "binding deleted", 1, "times", Outcome({}, {"outbox": "3, not 0"}))
    assert table([met, not_met]).splitlines()[2:] == [
        "| broker away | 120 s | POSTs 6,000, slowest s 0.25 | yes |",
        "| binding deleted | 1 times |  | **no: outbox: 3, not 0** |",
    ]


def test_causes_are_found_within_groups() -> None:
    """A group of errors is told by its members, each in one line."""
    group = ExceptionGroup("several", [ValueError("first\nmore"), ExceptionGroup("inner", [KeyError()])])
    assert causes(group) == "ValueError: first; KeyError"
