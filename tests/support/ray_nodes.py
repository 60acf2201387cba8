"""A cluster of simulated nodes with one CPU each, in a process of its own: ``python ray_nodes.py FOLDER COUNT``.

Prints its address. A line on standard input removes a node, without grace; the end of it ends the cluster.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Start, obey, end."""
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    (folder / "ray").mkdir(parents=True)  # which `Cluster` writes its address into
    from ray.cluster_utils import Cluster

    more = {"num_cpus": 1, "object_store_memory": 100_000_000, "include_dashboard": False, "temp_dir": str(folder)}
    cluster = Cluster(initialize_head=True, head_node_args=more)
    nodes = [cluster.add_node(num_cpus=1, object_store_memory=100_000_000) for _ in range(count - 1)]
    os.write(1, f"{cluster.address}\n".encode())
    for _ in sys.stdin:
        cluster.remove_node(nodes.pop(), allow_graceful=False)
        os.write(1, b"removed\n")
    cluster.shutdown()


if __name__ == "__main__":
    main()
