"""Locust's view of the load: each user is a merchant that acts at its own pace; `make load` starts it."""

import os
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any

from locust import User, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.stats import StatsEntry

from load.check import check
from load.gateway import Answer
from load.merchants import Refused
from load.pace import Pace
from load.report import Latency, Report, table, write
from load.run import Run
from load.target import Target, candidates

STATE = Path(__file__).resolve().parents[1] / ".caixa"


class Session:
    """The run under way, which Locust's events and users share."""

    run: Run
    target: Target
    rate: float
    users: int
    joined: int


@events.init_command_line_parser.add_listener
def add_arguments(parser: LocustArgumentParser) -> None:
    """Let the rate be given on the command line and on Locust's page."""
    parser.add_argument("--rate", type=float, default=50.0, help="entries a second, over all merchants (users)")


@events.test_start.add_listener
def begin(environment: Environment, **_: object) -> None:
    """Register a merchant for each user before the clock runs."""
    # Locust goes on when a listener fails, so what goes wrong here ends the run in so many words.
    environment.process_exit_code = 1
    assert environment.parsed_options is not None
    assert environment.runner is not None
    Session.target = candidates(os.environ, STATE)[0]
    Session.rate = float(environment.parsed_options.rate)
    Session.users = max(1, environment.runner.target_user_count or int(environment.parsed_options.num_users or 1))
    Session.joined = 0
    try:
        Session.run = Run(Session.target, Session.users, observer(environment))
    except Refused as refused:
        print(f"✗ {refused}", flush=True)
        environment.runner.quit()


def observer(environment: Environment) -> Any:
    """Make the function that tells Locust of an answer."""

    def observe(method: str, name: str, milliseconds: float, answer: Answer) -> None:
        failed = answer.status == 0 or answer.status >= HTTPStatus.BAD_REQUEST
        environment.events.request.fire(
            request_type=method,
            name=name,
            response_time=milliseconds,
            response_length=len(answer.body),
            exception=Refused(f"{answer.status or 'no answer'}: {answer.body[:200].decode(errors='replace')}") if failed else None,
            context={},
        )

    return observe


class MerchantUser(User):
    """A merchant that posts when an entry is due, however long answers take."""

    def on_start(self) -> None:
        """Take the next place among the merchants."""
        position, Session.joined = Session.joined, Session.joined + 1
        self.merchant = Session.run.merchant(position)
        self.pace = Pace(Session.rate, Session.users, position)
        self.began = time.monotonic()

    def wait_time(self) -> float:
        """Wait until the next entry is due; not at all when it already was."""
        remaining: float = self.began + self.pace.due - time.monotonic()
        return max(0.0, remaining)

    @task
    def act(self) -> None:
        """Send what is due without waiting for the answer."""
        due = self.began + self.pace.due
        Session.run.act(self.merchant, self.pace.advance(), due)


@events.test_stop.add_listener
def finish(environment: Environment, **_: object) -> None:
    """Await the last answers, compare everything, tell it, and set the exit status."""
    run = getattr(Session, "run", None)
    if run is None:
        return
    took = time.monotonic() - run.began
    print("▸ the load has ended; reading every entry and every balance back", flush=True)
    run.finish()
    report = Report(
        gateway=Session.target.gateway,
        rate=Session.rate,
        achieved=run.sent / took,
        sent=run.sent,
        accepted_at_once=run.first[HTTPStatus.CREATED],
        accepted=len(run.ledger),
        refused={str(status): count for status, count in sorted(run.final.items()) if status != HTTPStatus.CREATED},
        entries=_latency(environment.stats.get("/lancamentos", "POST")),
        balances=_latency(environment.stats.get("/saldos/atual", "GET")),
        findings=check(run.ledger, run.merchants),
    )
    print(f"\n{table(report)}\n", flush=True)
    write(report, STATE / "load.json")
    environment.process_exit_code = 0 if report.right else 1


def _latency(stats: StatsEntry) -> Latency:
    p50, p95, p99 = (float(stats.get_response_time_percentile(part) or 0) for part in (0.5, 0.95, 0.99))
    return Latency(p50, p95, p99, float(stats.max_response_time or 0))
