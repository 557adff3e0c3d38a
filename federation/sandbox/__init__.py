"""Real brokers, registries and data on one machine, without containers.

Serves the demo, the docs and the tests alike; the gateway itself never imports it.
"""

from __future__ import annotations

from federation.sandbox.sandbox import DEFAULT_CLUSTERS, NodeStatus, Sandbox, default_folder

__all__ = ["DEFAULT_CLUSTERS", "NodeStatus", "Sandbox", "default_folder"]
