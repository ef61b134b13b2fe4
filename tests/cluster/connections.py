"""Trying connections from where a pod is: in its network namespace, by a program of the node's, so that any image and any pod will do."""

import json
import sys
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from tests.kubernetes import cgroups
from tests.provision.command import run

Found = Literal["open", "closed", "forbidden", "silent"]
"""Somebody listens; nobody does; a policy refuses (the node's agent says so by ICMP); no answer at all."""

TRY = """
import errno, json, selectors, socket, sys, time
FOUND = {0: "open", errno.ECONNREFUSED: "closed", errno.EHOSTUNREACH: "forbidden", errno.EACCES: "forbidden"}
chosen, found, waiting = selectors.DefaultSelector(), {}, 0
for host, port in json.loads(sys.argv[1]):
    tried = socket.socket()
    tried.setblocking(False)
    code = tried.connect_ex((host, port))
    if code == errno.EINPROGRESS:
        chosen.register(tried, selectors.EVENT_WRITE, f"{host}:{port}")
    else:
        found[f"{host}:{port}"] = FOUND.get(code, errno.errorcode.get(code))
until = time.monotonic() + 3
while chosen.get_map() and time.monotonic() < until:
    for key, _ in chosen.select(0.2):
        code = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        found[key.data] = FOUND.get(code, errno.errorcode.get(code))
        chosen.unregister(key.fileobj)
found |= {key.data: "silent" for key in chosen.get_map().values()}
print(json.dumps(found))
"""


class Place(NamedTuple):
    """An address and a port."""

    host: str
    port: int


def tried(pod: dict[str, Any], places: Sequence[Place]) -> dict[Place, Found]:  # Any: Kubernetes objects are free-form JSON
    """Try to connect to every place from within a pod, all at once. Raises CommandFailed."""
    pid = min(cgroups.pids_of_pod(pod["metadata"]["uid"]))
    found = json.loads(run(["nsenter", f"--net=/proc/{pid}/ns/net", sys.executable, "-c", TRY, json.dumps(places)], timeout=30))
    return {place: found[f"{place.host}:{place.port}"] for place in places}
