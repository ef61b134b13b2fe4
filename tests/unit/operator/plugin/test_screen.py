"""The plugin's one screen: what it says of a CashBox that serves, of one in trouble, and of one that is new."""

from datetime import UTC, datetime
from typing import Any

from caixa_operator.plugin.bundle import without_secrets
from caixa_operator.plugin.screen import Found, age, screen

NOW = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)


def condition(kind: str, status: str, reason: str, message: str = "") -> dict[str, Any]:  # Any: as the API server gives it
    """Make a condition."""
    stamp = "2026-11-26T11:00:00Z"
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": stamp,
        "observedGeneration": 2,
    }


def found(*conditions: dict[str, Any], events: tuple[dict[str, Any], ...] = (), **status: object) -> Found:
    """Make a CashBox with these conditions."""
    metadata = {"name": "loja", "namespace": "vendas", "creationTimestamp": "2026-11-25T10:00:00Z", "generation": 2}
    told = {"observedGeneration": 2, "version": "1.2.3", "summary": "Serving", "conditions": list(conditions), **status}
    part = {
        "metadata": {"name": "loja-fluxo"},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"image": "caixa/fluxo:1.2.3"}]}}},
        "status": {"readyReplicas": 1},
    }
    return Found(cashbox={"metadata": metadata, "status": told}, deployments=[part], events=events)


def test_a_platform_that_serves_has_nothing_to_do() -> None:
    """Good conditions are ticked, those that are good when False as well, and nothing is asked of anybody."""
    shown = screen(found(condition("Ready", "True", "Serving"), condition("Degraded", "False", "NoTrouble")), NOW)
    assert "CashBox loja in vendas, 1d old\n1.2.3 · Serving" in shown
    assert "✓ Ready     True     Serving" in shown
    assert "✓ Degraded  False    NoTrouble" in shown
    assert "Nothing to do." in shown
    assert "✗" not in shown


def test_what_waits_for_its_first_time_is_no_trouble() -> None:
    """A proof or a backup that has not run yet is neither ticked nor anybody's task."""
    shown = screen(found(condition("Reconciled", "Unknown", "NotYetRun", "none has ended yet")), NOW)
    assert "· Reconciled" in shown
    assert "Nothing to do." in shown
    assert "see its log" in screen(found(condition("Reconciled", "Unknown", "Unfinished", "see its log")), NOW)


def test_a_missing_node_is_told_although_the_broker_is_ready() -> None:
    """It works with less to spare: somebody should look before the next one goes."""
    shown = screen(found(condition("BrokerReady", "True", "NodeMissing", "2 of 3 nodes answer, loja-rabbitmq-1 not")), NOW)
    assert "To look at:\n  - 2 of 3 nodes answer, loja-rabbitmq-1 not" in shown


def test_trouble_is_told_with_what_to_do_once() -> None:
    """The messages of what is not well are listed, each once, whichever conditions share it."""
    message = "MySQL does not answer yet: look for a volume"
    shown = screen(found(condition("Ready", "False", "DatabaseNotReady", message), condition("Degraded", "True", "Trouble", message)), NOW)
    assert shown.count(message) == 1
    assert shown.count("✗") == 2


def test_a_spec_that_nobody_has_looked_at_is_told() -> None:
    """When the operator's last look was at an older spec, or there was none, the screen says that the operator should be looked at."""
    assert "has not carried out generation 2" in screen(found(observedGeneration=1), NOW)
    new = {"metadata": {"name": "loja", "namespace": "vendas", "generation": 1}}
    assert "the operator has not looked at it yet" in screen(Found(cashbox=new), NOW)


def test_parts_consumers_and_decisions_are_shown() -> None:
    """Each part with its ready pods and image; the backlog with its end; the newest five decisions first."""
    events = tuple(
        {"reason": "Scaled", "message": f"decision {number}", "lastTimestamp": f"2026-11-26T11:5{number}:00Z"} for number in range(7)
    )
    scaling = {
        "ready": 900,
        "unacked": 3,
        "arrivalRate": 12.0,
        "ratePerReplica": 300.0,
        "drainEstimateSeconds": 4,
        "desired": 2,
        "reason": "x",
    }
    shown = screen(found(events=events, saldo={"consumers": "1/2", "backlog": 1900, "scaling": scaling}), NOW)
    assert "loja-fluxo  1/2    caixa/fluxo:1.2.3" in shown
    assert "Consumers 1/2, backlog 1,900" in shown
    assert "12/s arrive, 300/s a consumer: gone in about 4 s; 2 wanted" in shown
    assert [line.split("ago  ")[1] for line in shown.splitlines() if "ago  " in line] == [
        f"decision {number}" for number in (6, 5, 4, 3, 2)
    ]


def test_ages_are_told_in_their_largest_unit() -> None:
    """Seconds, minutes, hours and days; an instant ahead of the clock is just now."""
    stamps = ("2026-11-26T11:59:01Z", "2026-11-26T11:58:30Z", "2026-11-26T09:59:00Z", "2026-11-20T11:00:00Z", "2026-11-26T12:00:09Z")
    assert [age(stamp, NOW) for stamp in stamps] == ["59s", "1m", "2h", "6d", "0s"]
    assert age(None, NOW) == "unknown time"


def test_no_secret_is_in_a_report() -> None:
    """Of a Secret only names are kept, not even the annotation in which kubectl remembers what was applied."""
    secret = {
        "kind": "Secret",
        "metadata": {"name": "loja-admin", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "c2VuaGE="}},
        "data": {"senha": "c2VuaGE="},
    }
    assert without_secrets(secret) == {"kind": "Secret", "metadata": {"name": "loja-admin"}, "keys": ["senha"]}


def test_the_screen_says_where_clients_find_the_gateway() -> None:
    """The address of an Ingress or an HTTPRoute, where there is one; and no administrator where another issues the tokens."""
    said = screen(found(endpoints={"gateway": "http://loja-gateway.caixa.svc:8080", "url": "https://caixa.example"}), NOW)
    assert "for clients: https://caixa.example" in said
    assert "administrator" not in said


def test_passwords_are_told_by_their_age_and_by_how_far_their_rotation_is() -> None:
    """Without managed stores there is nothing to tell."""
    resting = screen(found(credentials={"rotatedAt": "2026-11-20T12:00:00Z"}), NOW)
    assert "Passwords 6d old" in resting.splitlines()
    rotating = screen(found(credentials={"rotatedAt": "2026-11-20T12:00:00Z", "phase": "Wait"}), NOW)
    assert "Passwords 6d old; they are being replaced, step Wait" in rotating.splitlines()
    assert "Passwords" not in screen(found(), NOW)
