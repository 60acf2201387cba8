"""A cluster of simulated nodes with one CPU each, in a process of its own.

Run as ``python ray_nodes.py FOLDER COUNT [HIDDEN [FROM]]``, it prints its address. From its nodes, or those from a
number on, a folder may be hidden: they find it empty, as on another machine. A line on standard input removes a node,
without grace; the end of it ends the cluster.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

AROUND = {  # on the loopback, for who shows the token
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
}

CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 1 << 14, 1 << 18  # of Linux


@contextmanager
def running(count: int, hidden: Path | None = None, since: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a cluster; give its process, and its address. Clients need `AROUND` in their environment."""
    folder = Path("/tmp", f"asr-nodes-{secrets.token_hex(4)}")  # a short name: Ray's sockets are below it
    command = [sys.executable, "-P", __file__, folder, str(count), *([hidden, str(since)] if hidden else [])]
    piped = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, env={**os.environ, **AROUND}, **piped) as nodes:
        assert nodes.stdout is not None
        yield nodes, next(line for line in nodes.stdout if ":" in line and " " not in line).strip()
        nodes.communicate(timeout=120)
    subprocess.run(["rm", "-rf", folder], check=True)


def main() -> None:
    """Start, obey, end."""
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    hidden, since = (sys.argv[3], int(sys.argv[4])) if sys.argv[3:] else ("", -1)
    if since == 0:
        hide(hidden)
    (folder / "ray").mkdir(parents=True)  # which `Cluster` writes its address into
    from ray.cluster_utils import Cluster

    more = {"num_cpus": 1, "object_store_memory": 100_000_000, "include_dashboard": False, "temp_dir": str(folder)}
    cluster = Cluster(initialize_head=True, head_node_args=more)
    nodes = []
    for number in range(1, count):
        if number == since:
            hide(hidden)
        nodes.append(cluster.add_node(num_cpus=1, object_store_memory=100_000_000))
    os.write(1, f"{cluster.address}\n".encode())
    for _ in sys.stdin:
        cluster.remove_node(nodes.pop(), allow_graceful=False)
        os.write(1, b"removed\n")
    cluster.shutdown()


def hide(folder: str) -> None:
    """Let what this process starts from now on find a folder empty."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) or libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None):
        raise OSError(ctypes.get_errno(), "no namespace of its own")
    if libc.mount(b"none", os.fsencode(folder), b"tmpfs", 0, None):
        raise OSError(ctypes.get_errno(), "nothing can be mounted")


if __name__ == "__main__":
    main()
