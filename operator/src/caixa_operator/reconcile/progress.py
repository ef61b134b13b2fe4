"""How far children are, read from what the cluster says about them."""

from typing import Literal

from caixa_operator.manifest import Manifest

JobState = Literal["absent", "running", "complete", "failed"]


def job_state(job: Manifest | None) -> JobState:
    """Tell how far a Job is."""
    if job is None:
        return "absent"
    end = finished(job)
    if end is None:
        return "running"
    return "complete" if end["type"] == "Complete" else "failed"


def finished(job: Manifest) -> Manifest | None:
    """Return the condition that tells how a Job has ended, or None while it has not."""
    conditions: list[Manifest] = (job.get("status") or {}).get("conditions") or []
    return next((one for one in conditions if one["status"] == "True" and one["type"] in ("Complete", "Failed")), None)


def answering(stateful_set: Manifest | None) -> int:
    """Return how many pods of a store answer."""
    return 0 if stateful_set is None else int((stateful_set.get("status") or {}).get("readyReplicas", 0))


def store_ready(stateful_set: Manifest | None) -> bool:
    """Tell whether a store's pod answers."""
    return answering(stateful_set) >= 1


def replicas(deployment: Manifest) -> int:
    """Return how many pods are wanted."""
    wanted: int = deployment["spec"].get("replicas", 1)
    return wanted


def available(deployment: Manifest) -> int:
    """Return how many pods answer."""
    answering: int = (deployment.get("status") or {}).get("availableReplicas", 0)
    return answering


def serves(deployment: Manifest | None, *, may_sleep: bool = False) -> bool:
    """Tell whether a process has a pod that answers; one that `may_sleep` needs none."""
    return deployment is not None and (may_sleep or available(deployment) >= 1 or replicas(deployment) == 0)


def rolled_out(deployment: Manifest | None, *, scaled: bool = False) -> bool:
    """Tell whether all pods are of the newest template and answer; while one is `scaled` by load, pods may still be on their way."""
    if deployment is None:
        return False
    status = deployment.get("status") or {}
    if status.get("observedGeneration", 0) < deployment["metadata"].get("generation", 1):
        return False
    pods: int = status.get("replicas", 0)
    if status.get("updatedReplicas", 0) != pods:
        return False
    return scaled or (pods == replicas(deployment) and available(deployment) >= pods)


def stuck(deployment: Manifest) -> bool:
    """Tell whether a rollout has made no progress for its deadline."""
    found = (deployment.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Progressing" and one["status"] == "False" for one in found)
