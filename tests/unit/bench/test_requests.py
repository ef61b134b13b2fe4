"""What an API server says of the requests that it answered."""

from tests.bench.requests import parsed

METRICS = """# TYPE apiserver_request_total counter
apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="secrets",subresource="",verb="GET",version="v1"} 40
apiserver_request_total{code="404",component="apiserver",dry_run="",group="",resource="secrets",subresource="",verb="GET",version="v1"} 2
apiserver_request_total{code="200",component="apiserver",group="apps",resource="deployments",verb="LIST",version="v1"} 1.1e+03
apiserver_request_total{code="200",component="apiserver",group="apps",resource="deployments",verb="WATCH",version="v1"} 9
apiserver_request_total{code="200",component="apiserver",group="apps",resource="deployments",subresource="status",verb="APPLY"} 3
apiserver_request_total{code="200",component="apiserver",group="coordination.k8s.io",resource="leases",verb="PATCH",version="v1"} 7
apiserver_request_total{code="200",component="apiserver",group="",resource="",subresource="/metrics",verb="GET"} 5
apiserver_request_duration_seconds_count{verb="GET"} 99
"""


def test_reads_and_writes_are_told_apart() -> None:
    """Whatever the answer was; neither a watch, nor the API server's own metrics, nor a Lease's renewal counts."""
    found = parsed(METRICS)
    assert (found.reads, found.writes) == (42 + 1100, 3)


def test_what_came_since_is_a_difference() -> None:
    """Two answers, one subtracted from the other, give the requests in between."""
    before, after = parsed(METRICS), parsed(METRICS.replace("} 40", "} 50"))
    after.subtract(before)
    assert (after.reads, after.writes) == (10, 0)
