"""The CustomResourceDefinition as one object, and as the YAML that the repository and the chart keep."""

from typing import Any

import yaml

from caixa_operator.crd.schema import Schema, structural
from caixa_operator.spec.cashbox import GROUP, KIND, PLURAL, VERSION, CashBox, Spec
from caixa_operator.spec.status import Status

HEADER = "# Generated from caixa_operator.spec by `make crd`: change the types, not this file.\n"

_COLUMNS = (
    ("Ready", "string", '.status.conditions[?(@.type=="Ready")].status'),
    ("Version", "string", ".status.version"),
    ("Consumers", "string", ".status.saldo.consumers"),
    ("Backlog", "integer", ".status.saldo.backlog"),
    ("Age", "date", ".metadata.creationTimestamp"),
    ("Status", "string", ".status.summary"),
)


def definition() -> dict[str, Any]:  # JSON: its shape is Kubernetes', not ours
    """Build the CustomResourceDefinition of CashBox."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}", "annotations": {"helm.sh/resource-policy": "keep"}},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": "cashbox",
                "shortNames": ["cbx"],
                "categories": ["caixa"],
            },
            "versions": [_version()],
        },
    }


def rendered() -> str:
    """Write the CustomResourceDefinition as YAML."""
    return HEADER + yaml.dump(definition(), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=160)


def _version() -> Schema:
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [{"name": name, "type": kind, "jsonPath": path} for name, kind, path in _COLUMNS],
        "schema": {
            "openAPIV3Schema": {
                "type": "object",
                "description": "A cash-flow platform: records entries and keeps the consolidated daily balance.",
                "required": ["spec"],
                "x-kubernetes-validations": [rule._asdict() for rule in CashBox.rules],
                "properties": {
                    "apiVersion": {"type": "string"},
                    "kind": {"type": "string"},
                    "metadata": {"type": "object"},
                    "spec": structural(Spec),
                    "status": _status(),
                },
            }
        },
    }


def _status() -> Schema:
    schema = structural(Status)
    conditions = schema["properties"]["conditions"]
    del conditions["default"]
    conditions |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}
    return schema


class _Plain(yaml.SafeDumper):
    """YAML without anchors: people read this file."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True
