"""The order of a rotation's steps, as a simulation: stores, Secrets and pods move at any time, and the operator may die after any step."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from caixa_operator.rotation.decide import Seen, Step, decide, due, instant

NOW = datetime(2026, 1, 3, 12, tzinfo=UTC)
REST = Seen(due=False, calm=True, under_way=False, taught=False, promoted=False, behind=True, discarding=False, forgotten=False)
EVENTS = st.sampled_from(["nothing", "job ends", "broker is taught", "pod starts", "pod ends", "store forgets", "asked", "unrest", "calm"])


class World:
    """Two stores, one Secret, pods that each hold what the Secret had when they started, and a record while a rotation is under way."""

    def __init__(self) -> None:
        self.stores = [{0}, {0}]
        self.secret = 0
        self.pods = [0, 0]
        self.record: int | None = None
        self.discarding = False
        self.asked = False
        self.calm = True
        self.rotations = 0

    def seen(self) -> Seen:
        """Look at all of it, as the operator does at every turn."""
        new = self.record if self.record is not None else -1
        return Seen(
            due=self.asked,
            calm=self.calm,
            under_way=self.record is not None,
            taught=all({new - 1, new} <= store for store in self.stores),
            promoted=self.secret == new,
            behind=any(pod != self.secret for pod in self.pods),
            discarding=self.discarding,
            forgotten=all(store == {new} for store in self.stores),
        )

    def take(self, step: Step) -> None:
        """Carry a step out; what stores do about it takes its time."""
        if step == "Prepare":
            assert self.record is None, "never two rotations at once"
            self.record, self.asked = self.secret + 1, False
        elif step == "Promote":
            assert self.record is not None
            self.secret = self.record
        elif step == "Retire":
            self.discarding = True
        elif step == "Finish":
            self.record, self.discarding = None, False
            self.rotations += 1

    def happen(self, event: str) -> None:
        """Let something happen that the operator does not decide."""
        if event == "asked":
            self.asked = True
        elif event in ("unrest", "calm"):
            self.calm = event == "calm"
        elif event == "pod starts":
            self.pods.append(self.secret)
        elif event == "pod ends" and len(self.pods) > 1:
            self.pods.pop(0)
        elif event == "pods are replaced":
            self.pods = [self.secret]
        elif self.record is not None:
            store = self.stores[0 if event == "job ends" else 1]
            if event in ("job ends", "broker is taught") and not self.discarding:
                store.add(self.record)
            elif event in ("job ends", "store forgets") and self.discarding:
                store.intersection_update({self.record})

    def check(self) -> None:
        """Every pod can sign in everywhere, and so can any that starts now."""
        for store in self.stores:
            assert {self.secret, *self.pods} <= store, "somebody holds what a store does not accept"
            assert len(store) <= 2


@given(st.lists(st.tuples(EVENTS, st.booleans()), max_size=60))
def test_nobody_ever_holds_a_password_that_a_store_refuses(moves: list[tuple[str, bool]]) -> None:
    """Whatever happens in between, and whether or not a step that was decided is carried out (the operator may be killed)."""
    world = World()
    for event, lives in moves:
        world.happen(event)
        step = decide(world.seen())
        if lives:
            world.take(step)
        world.check()


@given(st.lists(st.tuples(EVENTS, st.booleans()), max_size=40))
def test_once_left_in_peace_every_rotation_ends_and_is_the_only_one(moves: list[tuple[str, bool]]) -> None:
    """From any state, jobs that end and pods that are replaced bring it to rest with one password everywhere."""
    world = World()
    for event, lives in moves:
        world.happen(event)
        if lives:
            world.take(decide(world.seen()))
    world.calm = True
    for event in ("job ends", "broker is taught", "store forgets", "pods are replaced") * 12:
        world.happen(event)
        world.take(decide(world.seen()))
        world.check()
    assert decide(world.seen()) == "Rest"
    assert world.stores == [{world.secret}] * 2
    assert set(world.pods) == {world.secret}


@given(st.builds(Seen, **dict.fromkeys(Seen.__struct_fields__, st.booleans())))
def test_the_old_is_discarded_only_after_everybody_was_seen_with_the_new(seen: Seen) -> None:
    """Discarding begins from nothing but the mark, and the mark is set only where all are taught, promoted and up to date."""
    step = decide(seen)
    if step in ("Discard", "Finish"):
        assert seen.discarding
    if step == "Retire":
        assert seen.taught
        assert seen.promoted
        assert not seen.behind
    if step == "Promote":
        assert seen.taught
    if step == "Prepare":
        assert not seen.under_way
        assert seen.calm


@given(
    age=st.timedeltas(timedelta(0), timedelta(days=900)),
    every=st.none() | st.timedeltas(timedelta(hours=1), timedelta(days=400)),
    ago=st.none() | st.timedeltas(-timedelta(days=1), timedelta(days=900)),
)
def test_passwords_are_due_by_their_age_or_once_somebody_asked_after_their_birth(
    age: timedelta, every: timedelta | None, ago: timedelta | None
) -> None:
    """A request is about passwords that are older than itself: so one that was carried out is no request any more, nor is one to come."""
    asked = None if ago is None else NOW - ago
    expected = (every is not None and age >= every) or (ago is not None and timedelta(0) <= ago < age)
    assert due(born=NOW - age, every=every, asked=asked, now=NOW) == expected


def test_an_instant_has_an_offset() -> None:
    """What a person writes by hand may be no instant at all: then it asks for nothing."""
    assert instant("2026-01-03T12:00:00Z") == NOW
    assert instant("2026-01-03T09:00:00-03:00") == NOW
    for text in (None, "", "now", "2026-01-03T12:00:00", "yes"):
        assert instant(text) is None
    assert decide(REST) == "Rest"
