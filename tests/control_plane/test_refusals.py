"""Wrong values never reach the operator: the API server refuses them, in words that say what to write."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from caixa_operator.crd.definition import definition
from tests.control_plane.cluster import Cluster
from tests.provision.command import CommandFailed

SAMPLES = sorted((Path(__file__).parents[2] / "k8s" / "samples").glob("*.yaml"))
ROUTE: dict[str, Any] = {"hostnames": ["a.example"], "parentRefs": [{"name": "public"}]}  # Any: the same
ISSUER = {"issuer": "https://login.example"}
ELSEWHERE = {"mode": "External", "external": {"secret": "their-mysql"}}
REFUSED: list[tuple[dict[str, Any], str]] = [  # Any: a spec is free-form JSON
    ({"version": "not a tag"}, "write an image tag, such as 1.2.3"),
    ({"deletionPolicy": "Keep"}, 'supported values: "Delete", "Retain"'),
    ({"images": {"registry": "-x"}}, "write an image reference, such as registry.example/caixa-fluxo:1.2.3"),
    ({"mysql": {"image": "my sql"}}, "write an image reference, such as registry.example/caixa-fluxo:1.2.3"),
    ({"images": {"pullPolicy": "Sometimes"}}, 'supported values: "Always", "IfNotPresent", "Never"'),
    ({"gateway": {"rateLimit": "200 per second"}}, "write a number per second, minute, hour or day, such as 200/second"),
    ({"gateway": {"rateLimit": "0/second"}}, "write a number per second, minute, hour or day, such as 200/second"),
    (
        {"gateway": {"expose": {"type": "NodePort", "nodePort": 80}}},
        "write a port from 30000 to 32767, the range that Kubernetes keeps for node ports",
    ),
    ({"gateway": {"expose": {"nodePort": 30080}}}, "nodePort needs type NodePort or LoadBalancer: change type or remove nodePort"),
    ({"gateway": {"expose": {"type": "Ingres"}}}, 'supported values: "ClusterIP", "HTTPRoute", "Ingress", "LoadBalancer", "NodePort"'),
    *(
        ({"gateway": {"expose": expose}}, message)
        for expose, message in (
            (
                {"type": "Ingress", "nodePort": 30080, "ingress": {"host": "a.example"}},
                "nodePort needs type NodePort or LoadBalancer: change type or remove nodePort",
            ),
            (
                {"type": "Ingress"},
                "type Ingress needs ingress.host: write the host name that clients ask for, such as caixa.example",
            ),
            ({"type": "Ingress", "ingress": {}}, "ingress.host: Required value"),
            ({"ingress": {"host": "a.example"}}, "ingress is only for type Ingress: remove it, or set type to Ingress"),
            (
                {"type": "HTTPRoute"},
                "type HTTPRoute needs httpRoute: write its hostnames, such as caixa.example, and in parentRefs the name of a Gateway",
            ),
            ({"httpRoute": ROUTE}, "httpRoute is only for type HTTPRoute: remove it, or set type to HTTPRoute"),
        )
    ),
    *(
        ({"gateway": {"expose": {"type": "Ingress", "ingress": {"host": "a.example", **ingress}}}}, message)
        for ingress, message in (
            ({"host": "https://caixa.example"}, "write the host name that clients ask for, in lowercase, such as caixa.example"),
            ({"host": "*.example"}, "write the host name that clients ask for, in lowercase, such as caixa.example"),
            ({"className": "My Class"}, "write the name of an IngressClass, such as nginx"),
            ({"tlsSecret": ""}, "write the name of a TLS Secret in the CashBox's namespace, such as loja-tls"),
        )
    ),
    *(
        ({"gateway": {"expose": {"type": "HTTPRoute", "httpRoute": {**ROUTE, **route}}}}, message)
        for route, message in (
            ({"hostnames": []}, "should have at least 1 items"),
            ({"parentRefs": []}, "should have at least 1 items"),
            (
                {"hostnames": ["Caixa.example"]},
                "write a host name in lowercase, such as caixa.example, or *.caixa.example for all below it",
            ),
            ({"parentRefs": [{"name": "a b"}]}, "write the name of a Gateway, such as public"),
            ({"parentRefs": [{"name": "a", "namespace": "in.fra"}]}, "write the namespace of the Gateway, such as infra"),
            ({"parentRefs": [{"name": "a", "sectionName": "-"}]}, "write the name of one of the Gateway's listeners, such as https"),
            ({"parentRefs": [{"name": "a", "port": 0}]}, "write the port of one of the Gateway's listeners, such as 443"),
        )
    ),
    ({"gateway": {"identity": {"type": "Own"}}}, 'supported values: "BuiltIn", "OIDC"'),
    (
        {"gateway": {"identity": {"type": "OIDC"}}},
        "type OIDC needs oidc.issuer: write the issuer's URL, such as https://login.example/realms/loja",
    ),
    ({"gateway": {"identity": {"oidc": ISSUER}}}, "oidc is only for type OIDC: remove it, or set type to OIDC"),
    *(
        ({"gateway": {"identity": {"type": "OIDC", "oidc": {**ISSUER, **oidc}}}}, message)
        for oidc, message in (
            (
                {"issuer": "login.example"},
                "networkPolicy.extraEgress must let gateway, fluxo and saldo reach it",
            ),
            ({"issuer": "https://login.example/?realm=loja"}, "write the issuer's URL exactly as its tokens have it in iss"),
            ({"jwksUrl": "/certs"}, "write the URL of the issuer's keys, such as https://login.example/realms/loja/certs"),
            ({"audience": ""}, "write the audience that tokens must have in aud, such as caixa"),
            ({"merchantClaim": "the merchant"}, "write the name of a claim, without spaces, such as sub"),
            ({"scopeClaim": "$(HOME)"}, "write the name of a claim, without spaces, such as sub"),
            ({"scopePrefix": "caixa "}, "write what stands before each scope, without spaces, such as caixa/"),
            ({"defaultZone": "GMT-3 h"}, "write a zone of the IANA database, such as America/Sao_Paulo"),
        )
    ),
    ({"gateway": {"identity": {"tokenLifetimeSeconds": 59}}}, "write a number of seconds from 60 (a minute) to 86400 (a day)"),
    ({"gateway": {"identity": {"tokenLifetimeSeconds": 86401}}}, "write a number of seconds from 60 (a minute) to 86400 (a day)"),
    ({"gateway": {"replicas": 0}}, "should be greater than or equal to 1"),
    ({"fluxo": {"replicas": 101}}, "should be less than or equal to 100"),
    ({"fluxo": {"relay": {"replicas": 0}}}, "should be greater than or equal to 1"),
    ({"saldo": {"replicas": "two"}}, "must be of type integer"),
    ({"fluxo": {"resources": {"requests": {"cpu": "much"}}}}, "write a Kubernetes quantity, such as 250m for CPU or 256Mi for memory"),
    ({"fluxo": {"resources": {"requests": {"cpu": "-1"}}}}, "write a Kubernetes quantity, such as 250m for CPU or 256Mi for memory"),
    ({"saldo": {"resources": {"limits": {"memory": "1 GB"}}}}, "write a Kubernetes quantity, such as 250m for CPU or 256Mi for memory"),
    (
        {"saldo": {"reconciliation": {"schedule": "every hour"}}},
        "write a cron schedule of five fields, such as 17 * * * *, or @hourly",
    ),
    ({"saldo": {"reconciliation": {"patienceSeconds": -1}}}, "should be greater than or equal to 0"),
    ({"mysql": {"storage": {"size": "0"}}}, "write a size, such as 10Gi"),
    ({"rabbitmq": {"storage": {"size": "big"}}}, "write a size, such as 10Gi"),
    ({"tls": {"secretName": "Loja TLS"}}, "write the name of a TLS Secret in the CashBox's namespace, such as loja-gateway-tls"),
    (
        {"tls": {"secretName": "loja-tls"}, "gateway": {"expose": {"type": "Ingress", "ingress": {"host": "a.example"}}}},
        "tls is for a gateway that clients reach directly: remove it, for what stands before this one ends TLS, or choose another type",
    ),
    ({"rabbitmq": {"replicas": 2}}, "write 1, 3 or 5: of an odd number of nodes more than half can go on when some are lost"),
    ({"mysql": {"storage": {"className": ""}}}, "should be at least 1 chars long"),
    ({"mysql": {"tolerations": [{"operator": "Like"}]}}, 'supported values: "Equal", "Exists"'),
    ({"mysql": {"tolerations": [{"effect": "Stay"}]}}, 'supported values: "NoExecute", "NoSchedule", "PreferNoSchedule"'),
    ({"monitoring": {"otlpEndpoint": "collector:4318"}}, "write a URL, such as http://collector.observability:4318"),
    ({"mysql": {"mode": "Elsewhere"}}, 'supported values: "External", "Managed"'),
    ({"mysql": {"mode": "External"}}, "mode External needs external.secret: write the name of a Secret"),
    ({"rabbitmq": {"external": {"secret": "mq"}}}, "external is only for mode External: remove it, or set mode to External"),
    (
        {"rabbitmq": {"mode": "External", "external": {"secret": "My Secret"}}},
        "write the name of a Secret in the CashBox's namespace, such as loja-mysql-external",
    ),
    (
        {"credentials": {"existing": {"admin": "My Secret"}}},
        "write the name of a Secret in the CashBox's namespace, such as loja-vault",
    ),
    (
        {"credentials": {"rotateEvery": "720h", "existing": {"admin": "a"}}},
        "rotateEvery is for generated passwords only: remove it, and let whoever makes the existing Secrets replace them",
    ),
    *(
        (
            {"mysql": ELSEWHERE, "credentials": {"existing": {field: "a"}}},
            "credentials.existing.mysqlUsers or mysqlBackup is for the managed",
        )
        for field in ("mysqlUsers", "mysqlBackup")
    ),
    (
        {"rabbitmq": ELSEWHERE, "credentials": {"existing": {"rabbitmqUsers": "a"}}},
        "credentials.existing.rabbitmqUsers is for the managed RabbitMQ: remove it, for rabbitmq.external.secret says the same",
    ),
    *(
        (
            {"gateway": {"identity": {"type": "OIDC", "oidc": ISSUER}}, "credentials": {"existing": {field: "a"}}},
            "credentials.existing.admin and signingKey are for the gateway's own issuer: remove them",
        )
        for field in ("admin", "signingKey")
    ),
    ({"mysql": {"backup": {"schedule": "nightly"}}}, "write a cron schedule of five fields, such as 17 * * * *, or @hourly"),
    ({"mysql": {"backup": {"keep": 0}}}, "should be greater than or equal to 1"),
    ({"mysql": {"backup": {"storage": {"size": "0"}}}}, "write a size, such as 10Gi"),
    *(
        ({"credentials": {"rotateEvery": every}}, "write whole hours, such as 720h for 30 days; the least is 1h")
        for every in ("30d", "0h", "90m", "h")
    ),
    ({"mysql": {**ELSEWHERE, "backup": {}}}, "backup is for the managed MySQL: remove it, for whoever runs this one copies it too"),
    (
        {"mysql": {**ELSEWHERE, "restoreFrom": {"claimName": "old-backup"}}},
        "restoreFrom is for the managed MySQL: remove it, and load the copy into your own server",
    ),
    ({"mysql": {"restoreFrom": {}}}, "claimName: Required value"),
    (
        {"mysql": {"restoreFrom": {"claimName": "Old Backup"}}},
        "write the name of a PersistentVolumeClaim in the CashBox's namespace, such as loja-backup",
    ),
    (
        {"mysql": {"restoreFrom": {"claimName": "old-backup", "file": "../dump.sql"}}},
        "write the name of a copy, such as caixa-20260131T031500Z.sql.gz; the newest is taken if you leave it out",
    ),
    *(
        ({"saldo": {"consumer": {"autoscaling": scaling}}}, message)
        for scaling, message in (
            ({"mode": "Auto"}, 'supported values: "External", "Fixed", "Operator"'),
            ({"minReplicas": 5, "maxReplicas": 3}, "maxReplicas must be at least minReplicas: raise maxReplicas or lower minReplicas"),
            ({"minReplicas": -1}, "should be greater than or equal to 0"),
            ({"maxReplicas": 0}, "should be greater than or equal to 1"),
            ({"maxReplicas": 201}, "should be less than or equal to 200"),
            (
                {"fallback": {"replicas": 20}},
                "fallback.replicas must lie between minReplicas and maxReplicas: change it, or widen the range",
            ),
            ({"fallback": {}}, "fallback.replicas: Required value"),
            ({"drainSeconds": 0}, "should be greater than or equal to 1"),
            ({"targetUtilization": 101}, "should be less than or equal to 100"),
            ({"assumedRatePerReplica": 0}, "should be greater than or equal to 1"),
            ({"activationBacklog": 0}, "should be greater than or equal to 1"),
            ({"idleSeconds": 9}, "should be greater than or equal to 10"),
            ({"scaleDown": {"maxPercent": 0}}, "should be greater than or equal to 1"),
            ({"scaleDown": {"stabilizationSeconds": 3601}}, "should be less than or equal to 3600"),
            ({"mode": "Fixed"}, "mode Fixed needs a number: write spec.saldo.consumer.replicas, or choose mode Operator"),
        )
    ),
    (
        {"saldo": {"consumer": {"replicas": 3}}},
        "replicas is only for mode Fixed: remove it and set autoscaling.minReplicas and maxReplicas",
    ),
]


@pytest.fixture(scope="module")
def refusals(shared: Cluster) -> dict[int, str]:
    """Try every CashBox in one call, and give what the API server said of each by its place in REFUSED."""
    document = "\n---\n".join(_document(f"c{place}", spec) for place, (spec, _) in enumerate(REFUSED))
    argv = shared.kubectl.argv("create", "--dry-run=server", f"--namespace={shared.namespace}", "--filename=-")
    done = subprocess.run(argv, input=document, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "", "a wrong value was accepted"
    _, *said = re.split(r'CashBox(?:\.caixa\.dev)? "c(\d+)" is invalid', done.stderr)
    return dict(zip(map(int, said[::2]), said[1::2], strict=True))


@pytest.mark.parametrize("place", range(len(REFUSED)), ids=[str(spec)[:70] for spec, _ in REFUSED])
def test_a_wrong_value_is_refused_and_the_message_says_what_to_write(refusals: dict[int, str], place: int) -> None:
    """Nothing is stored, and a person reads what to do about it."""
    assert REFUSED[place][1] in refusals[place]


def test_an_unknown_field_is_refused_by_its_name(shared: Cluster) -> None:
    """A misspelt word is no silent default: kubectl asks the API server to be strict."""
    with pytest.raises(CommandFailed, match=r'unknown field "spec\.fluxo\.replica"'):
        shared.run("create", "--filename=-", stdin=_document("loja", {"fluxo": {"replica": 2}}))


def test_every_rule_of_the_definition_is_tried_here() -> None:
    """No CEL rule is left without a value that it refuses, but for those that need an existing or an ill-named CashBox."""
    tried = " ".join(message for _, message in REFUSED)
    rules = set(_messages(definition())) - {GROWS, CLASS, BROKERS, MODE, RESTORE, NAME}
    assert {rule for rule in rules if rule[:40] not in tried} == set()


GROWS = "a volume only grows: write the size that it has, or a larger one; for a smaller one make a new CashBox"
CLASS = "className cannot change after creation, for a volume stays where it is: make a new CashBox and move it"
BROKERS = (
    "replicas cannot change after creation, for a node's data bear its name: make a new CashBox with it and move, by mysql.restoreFrom"
)
MODE = "mode cannot change after creation, for the data would stay behind: make a new CashBox and move it"
RESTORE = "restoreFrom works at creation only, for it never writes over data: make a new CashBox with it, or remove it"
NAME = "name the CashBox with at most 36 lowercase letters, digits and hyphens, a letter first: its children are named after it"


@pytest.mark.parametrize("name", ["l" * 37, "1loja", "lo.ja"])
def test_a_name_that_children_could_not_carry_is_refused(shared: Cluster, name: str) -> None:
    """Services and labels are named after the CashBox."""
    with pytest.raises(CommandFailed, match="name the CashBox with at most 36"):
        shared.run("create", "--filename=-", stdin=_document(name, {}))


def test_the_number_of_brokers_cannot_change_after_creation(cluster: Cluster) -> None:
    """Neither up nor down, nor for a CashBox from before there was a choice: the data of a node bear its name."""
    cluster.cashbox()
    with pytest.raises(CommandFailed, match="replicas cannot change after creation"):
        cluster.cashbox(rabbitmq={"replicas": 3})
    cluster.cashbox("trio", rabbitmq={"replicas": 3})
    with pytest.raises(CommandFailed, match="make a new CashBox with it and move"):
        cluster.cashbox("trio", rabbitmq={"replicas": 1})


@pytest.mark.parametrize("store", ["mysql", "rabbitmq"])
def test_who_runs_a_store_cannot_change_after_creation(cluster: Cluster, store: str) -> None:
    """Neither for a CashBox that says it nor for one from before there was a choice."""
    cluster.cashbox()
    with pytest.raises(CommandFailed, match="mode cannot change after creation"):
        cluster.cashbox(**{store: {"mode": "External", "external": {"secret": "elsewhere"}}})


def test_a_restore_is_for_new_cashboxes_only(cluster: Cluster) -> None:
    """It can be neither added to one that has data nor changed; removed it can be, so that the copies' volume becomes free."""
    cluster.cashbox()
    source = {"restoreFrom": {"claimName": "old-backup"}}
    with pytest.raises(CommandFailed, match="restoreFrom works at creation only"):
        cluster.cashbox(mysql=source)
    cluster.cashbox("nova", mysql=source)
    with pytest.raises(CommandFailed, match="restoreFrom works at creation only"):
        cluster.cashbox("nova", mysql={"restoreFrom": {"claimName": "another-backup"}})
    assert "restoreFrom" not in cluster.cashbox("nova", mysql={})["spec"]["mysql"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_every_sample_is_accepted_as_it_is(shared: Cluster, sample: Path) -> None:
    """What people copy, the API server takes: every object of it, strictly, in whatever namespace."""
    documents = [one for one in yaml.safe_load_all(sample.read_text(encoding="utf-8")) if one]
    for one in documents:
        one["metadata"].pop("namespace", None)
        shared.run("create", "--dry-run=server", "--validate=strict", "--filename=-", stdin=json.dumps(one))
    assert any(one["kind"] == "CashBox" for one in documents)


def _document(name: str, spec: dict[str, Any]) -> str:
    return json.dumps({"apiVersion": "caixa.dev/v1alpha1", "kind": "CashBox", "metadata": {"name": name}, "spec": spec})


def _messages(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [rule["message"] for rule in node.get("x-kubernetes-validations", [])]
        return own + [message for member in node.values() for message in _messages(member)]
    return [message for member in node for message in _messages(member)] if isinstance(node, list) else []
