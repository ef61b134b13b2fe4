"""Every fault and every control, each with how often CI and how often `make faults` does it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.faults import controls
from tests.faults.controls import Found
from tests.faults.outcome import Outcome
from tests.faults.scenarios import crowd, delivery_limit, kills, links, outages, outbox, poison
from tests.faults.services import Platform


@dataclass(frozen=True)
class Fault:
    """A fault under which the invariants must hold; `unit` is what is counted."""

    id: str
    what: str
    scenario: Callable[[Platform, int], Awaitable[Outcome]]
    short: int
    long: int
    unit: str = "kills"


@dataclass(frozen=True)
class Control:
    """A guard that is left out, and exactly the invariants that must break by it."""

    id: str
    what: str
    scenario: Callable[[Platform], Awaitable[Found]]
    breaks: frozenset[str]


FAULTS = (
    Fault("relay-killed", "relay killed -9 between the broker's confirm and its DELETE", kills.relays_between_confirm_and_delete, 4, 100),
    Fault("consumer-killed", "consumer killed -9 between its COMMIT and its ack", kills.consumers_between_commit_and_ack, 4, 100),
    Fault(
        "consumer-killed-early", "consumer killed -9 with messages in hand, before its COMMIT", kills.consumers_before_their_commit, 2, 20
    ),
    Fault(
        "delivery-limit",
        "consumers killed -9 on one prefetch until it is parked; then the replay",
        delivery_limit.more_deaths_than_deliveries_allowed,
        1,
        21,
    ),
    Fault("crowd", "4 relays and 8 consumers on one merchant's day, killed -9 at random", crowd.a_crowd_on_one_merchants_day, 3, 30),
    Fault("broker-away", "broker killed -9 and away under 50 POSTs a second", outages.broker_killed_and_away, 8, 120, "s"),
    Fault("memory-alarm", "broker's memory alarm blocks publishers under 50 POSTs a second", outages.broker_out_of_memory, 5, 60, "s"),
    Fault("database-killed", "database killed -9 under 50 POSTs a second, commits unanswered", outages.database_killed, 1, 10),
    Fault("binding-deleted", "binding deleted: the broker returns every event", outbox.binding_deleted, 1, 10, "times"),
    Fault("late-commit", "a low id's transaction held open 5 s while higher ids commit", outbox.late_commit, 1, 6, "times"),
    Fault(
        "waiting-relay", "entries recorded beside a relay whose confirms do not come", outbox.writers_beside_a_waiting_relay, 1, 20, "times"
    ),
    Fault("poison", "an unreadable message in a batch of 200", poison.unreadable, 1, 10, "batches"),
    Fault(
        "poison-mended",
        "an entry that overflows its day in a batch of 200; then mended and replayed",
        poison.refused_by_the_database,
        1,
        10,
        "batches",
    ),
    Fault(
        "broker-link",
        "link to the broker slow, in slices, and reset under 20 POSTs a second",
        links.bad_link_to_the_broker,
        3,
        40,
        "resets",
    ),
    Fault(
        "database-link",
        "link to the database slow, in slices, and reset under 20 POSTs a second",
        links.bad_link_to_the_database,
        3,
        40,
        "resets",
    ),
)

CONTROLS = (
    Control("no-confirms", "confirms off", controls.relay_without_confirms, frozenset({"inbox", "balances"})),
    Control("no-dedupe", "dedupe removed", controls.inbox_that_forgets, frozenset({"balances"})),
    Control("repeatable-read", "relay at REPEATABLE READ", controls.relay_at_repeatable_read, frozenset({"writers"})),
    Control("last-id", "relay with a last-id cursor", controls.relay_with_a_last_id, frozenset({"outbox", "inbox", "balances"})),
    Control("early-ack", "ack before the COMMIT", controls.acknowledged_before_the_commit, frozenset({"inbox", "balances"})),
    Control(
        "left-behind",
        "something left in outbox, queue and parking, and a 201 without an entry",
        controls.left_on_the_way,
        frozenset({"accepted", "outbox", "queue", "parking", "inbox", "balances"}),
    ),
)
