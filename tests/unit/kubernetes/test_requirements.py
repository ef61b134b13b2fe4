"""A machine that runs another Kubernetes is left alone."""

from tests.kubernetes.requirements import other_kubernetes


def test_another_kubelet_is_named() -> None:
    """A kubelet or k3s that is not ours is reported with its pid."""
    assert other_kubernetes({7: "/usr/bin/kubelet\0--config=x\0"}, {9}) == "kubelet (process 7)"
    assert other_kubernetes({8: "/usr/local/bin/k3s\0server\0"}, {None}) == "k3s (process 8)"


def test_our_own_kubelet_and_mere_mentions_are_not_another() -> None:
    """Our kubelet, and commands that only mention one, do not count."""
    assert other_kubernetes({9: "/cache/kubelet\0", 10: "grep\0kubelet\0", 11: ""}, {9}) is None
