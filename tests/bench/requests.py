"""How many requests an API server has answered, from its own metrics: pure but for the question."""

import re
from collections import Counter

from tests.kubernetes.kubectl import Kubectl

WRITES = frozenset({"POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"})
_LINE = re.compile(r"apiserver_request_total\{(?P<labels>[^}]*)\} (?P<count>\S+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


class Answered(Counter[tuple[str, str]]):
    """Requests by verb and resource."""

    @property
    def writes(self) -> int:
        """Those that write; Leases left out, by whose renewal the operator and the API server itself say that they live."""
        return sum(count for (verb, resource), count in self.items() if verb in WRITES and resource != "leases")

    @property
    def reads(self) -> int:
        """Those that read what is there; a watch lasts, and counts when it ends."""
        return sum(count for (verb, resource), count in self.items() if verb in ("GET", "LIST") and resource)


def answered(kubectl: Kubectl) -> Answered:
    """Ask the API server."""
    return parsed(kubectl("get", "--raw=/metrics"))


def parsed(text: str) -> Answered:
    """Read the API server's metrics."""
    found = Answered()
    for line in _LINE.finditer(text):
        labels = dict(_LABEL.findall(line["labels"]))
        found[labels["verb"], labels["resource"]] += round(float(line["count"]))
    return found
