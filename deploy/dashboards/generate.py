"""Writes the dashboards, NAME.json, from panels.yaml.

python deploy/dashboards/generate.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
COLUMNS = 24
HEIGHT = 8
SOURCE = {"type": "prometheus", "uid": "${source}"}


def main() -> None:
    """Write them all."""
    for name, text in dashboards(yaml.safe_load((HERE / "panels.yaml").read_text())).items():
        (HERE / f"{name}.json").write_text(text)


def dashboards(described: Mapping[str, Any]) -> dict[str, str]:
    """Name → JSON."""
    return {
        name: json.dumps(dashboard(name, each), indent=1, ensure_ascii=False) + "\n"
        for name, each in described.items()
    }


def dashboard(name: str, described: Mapping[str, Any]) -> dict[str, Any]:
    """One of them, as Grafana imports it."""
    return {
        "uid": f"placet-{name}",
        "title": described["title"],
        "tags": ["placet"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [_source(), _namespace()]},
        "panels": list(_numbered(described["rows"])),
    }


def _source() -> dict[str, Any]:
    return {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}


def _namespace() -> dict[str, Any]:
    query = "label_values(placet_service_info, namespace)"
    return {
        "name": "namespace",
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": "namespace"},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "current": {"text": "All", "value": "$__all"},
    }


def _numbered(rows: Mapping[str, list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    for number, panel in enumerate(_placed(rows), start=1):
        yield {"id": number, **panel}


def _placed(rows: Mapping[str, list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Each row over the whole width."""
    y = 0
    for title, panels in rows.items():
        yield {"type": "row", "title": title, "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1}, "panels": []}
        width = COLUMNS // len(panels)
        for column, panel in enumerate(panels):
            place = {"x": column * width, "y": y + 1, "w": width, "h": HEIGHT}
            yield {**_panel(panel), "gridPos": place}
        y += HEIGHT + 1


def _panel(described: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": described.get("kind", "timeseries"),
        "title": described["title"],
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": described["unit"]}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + number), "datasource": SOURCE, "expr": expr, "legendFormat": legend}
            for number, (legend, expr) in enumerate(described["queries"].items())
        ],
    }


if __name__ == "__main__":
    main()
