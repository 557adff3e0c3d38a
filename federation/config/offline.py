"""A configuration for those who contact nobody: what its streams mean, without its secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from federation.config.document import Document


def names_only(document: Document) -> None:
    """Put stand-ins for what clusters hold, and leave ``run`` out; their mistakes do not count.

    A machine that tests a configuration has neither the variables nor the mounted secrets of the
    one that runs it.
    """
    data = document.data
    if not isinstance(data, dict):
        return
    clusters = data.get("clusters")
    if isinstance(clusters, dict):
        data["clusters"] = {name: _stand_in(name, given) for name, given in clusters.items()}
    data.pop("run", None)
    gone = {path for path in document.broken if path[:1] in {("clusters",), ("run",)}}
    places = {document.where(path) for path in gone}
    document.broken -= gone
    document.findings[:] = [one for one in document.findings if one.where not in places]


def _stand_in(name: str, given: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"properties": {"bootstrap.servers": f"{name}.invalid:9092"}}
    if isinstance(given, dict) and "registry" in given:
        made["registry"] = {"url": f"http://{name}.invalid"}
    return made
