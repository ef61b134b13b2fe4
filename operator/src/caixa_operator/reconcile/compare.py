"""Whether an object in the cluster is what was last applied: if so, nothing is written.

The API server fills in defaults, so equality would never hold: what is wanted must be *within* what is there, and the fingerprint of
what was applied must be the wanted one's (it tells of fields that are no longer wanted).
"""

from caixa_operator.manifest import Manifest, fingerprint
from caixa_operator.quantities import amount

APPLIED_ANNOTATION = "caixa.dev/applied"
_QUANTITIES = ("requests", "limits")


def stamped(manifest: Manifest) -> Manifest:
    """Return the object with the fingerprint of itself as an annotation."""
    metadata = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), APPLIED_ANNOTATION: fingerprint(manifest)}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}


def unchanged(wanted: Manifest, live: Manifest) -> bool:
    """Tell whether applying `wanted` (stamped) would change nothing."""
    return _within(wanted, live, "")


def _within(wanted: object, live: object, parent: str) -> bool:
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(
            key in live and (_same_amount(value, live[key]) if parent in _QUANTITIES else _within(value, live[key], key))
            for key, value in wanted.items()
        )
    if isinstance(wanted, list | tuple):
        return isinstance(live, list) and _all_within(list(wanted), live, parent)
    return wanted == live


def _all_within(wanted: list[object], live: list[object], parent: str) -> bool:
    """Match members by name where each has one of its own: others may add members, and their order is the API server's."""
    named = {member["name"]: member for member in live if isinstance(member, dict) and "name" in member}
    if wanted and len(named) == len(live) and all(isinstance(member, dict) and "name" in member for member in wanted):
        return all(isinstance(member, dict) and _within(member, named.get(member["name"]), parent) for member in wanted)
    return len(wanted) == len(live) and all(_within(one, other, parent) for one, other in zip(wanted, live, strict=True))


def _same_amount(wanted: object, live: object) -> bool:
    if isinstance(wanted, str) and isinstance(live, str):
        return wanted == live or amount(wanted) == amount(live)
    return wanted == live
