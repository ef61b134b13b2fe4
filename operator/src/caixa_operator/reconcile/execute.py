"""Carry out a plan: every write is tried, and what was refused is told."""

from caixa_operator.api import SCALER, ApiError, KubernetesApi
from caixa_operator.manifest import Manifest, Ref, ref
from caixa_operator.reconcile.plan import Plan


async def execute(api: KubernetesApi, namespace: str, plan: Plan, live: dict[Ref, Manifest]) -> list[str]:
    """Apply and prune; `live` then holds what the API server answered. Returns one message per refusal."""
    refusals: list[str] = []
    for manifest in plan.apply:
        name = ref(manifest)
        try:
            await _hand_over_replicas(api, manifest, live.get(name))
            live[name] = await api.apply(manifest)
        except ApiError as error:
            refusals.append(f"{name.kind} {name.name} was refused: {error}")
    for name in plan.prune:
        try:
            await api.delete(name.kind, namespace, name.name)
            del live[name]
        except ApiError as error:
            refusals.append(f"{name.kind} {name.name} could not be deleted: {error}")
    return refusals


async def _hand_over_replicas(api: KubernetesApi, wanted: Manifest, live: Manifest | None) -> None:
    """Before an apply that leaves the number of pods to the scaler: let the scaler own the present one.

    A field that its only owner no longer applies is removed, and the API server would put its default, 1, in its place.
    """
    if wanted["kind"] != "Deployment" or "replicas" in wanted["spec"] or live is None:
        return
    present = live["spec"].get("replicas", 1)
    owners = [entry for entry in live["metadata"].get("managedFields", []) if "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})]
    if not any(entry["manager"] == SCALER for entry in owners):
        await api.scale(wanted["metadata"]["namespace"], wanted["metadata"]["name"], present)
