"""Companions of a scope in a ConfigMap, as kustomize makes it and a pod mounts it, are found by services."""

import base64
import shutil
import subprocess
from pathlib import Path

import yaml

from executor_svc.trust import TrustFiles
from guard_svc.scopes import load_scopes
from tests.deploy.kit.manifests import DEPLOY, tool
from tests.fakes.actions_world import OWN, document

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x04\x00\x00\x00\x04\xff\xfe"
STYLE = b"""\
apiVersion: placet/v1
kind: Style
metadata: {name: house, version: 1}
logo: {file: logo.png}
"""
FILES = {"own.py": OWN, "house.yaml": STYLE, "logo.png": PNG}


def mounted(tmp_path: Path) -> Path:
    """The directory that a pod sees: links to links, as a kubelet makes them so that all change at once."""
    scopes = tmp_path / "scopes"
    shutil.copytree(DEPLOY / "scopes", scopes)
    for name, content in {"reporting.yaml": document("actions", FILES, style="house.yaml"), **FILES}.items():
        (scopes / name).write_bytes(content)
    kustomization = yaml.safe_load((scopes / "kustomization.yaml").read_text())
    for generator in kustomization["configMapGenerator"]:
        generator["files"] += ["reporting.yaml", "reporting-house.yaml=house.yaml", "own.py", "logo.png"]
    (scopes / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    made = subprocess.run([tool("kubectl"), "kustomize", scopes], check=True, capture_output=True).stdout
    (config, _) = yaml.safe_load_all(made)
    return _mount(config, tmp_path / "mount")


def _mount(config: dict, place: Path) -> Path:
    binary = {name: base64.b64decode(text) for name, text in config.get("binaryData", {}).items()}
    content = {**{name: text.encode() for name, text in config["data"].items()}, **binary}
    (place / "..2026_11_30").mkdir(parents=True)
    (place / "..data").symlink_to("..2026_11_30")
    for name, each in content.items():
        (place / "..data" / name).write_bytes(each)
        (place / name).symlink_to(Path("..data") / name)
    return place


def test_a_scope_in_a_config_map_is_found_with_its_companions(tmp_path: Path) -> None:
    place, keys = mounted(tmp_path), tmp_path / "keys"
    keys.mkdir()
    editions = load_scopes(place).editions
    assert set(editions) == {"data-analysis", "pure-compute", "reporting"}
    assert editions["reporting"].files == FILES
    assert editions["reporting"].scope.sha256 in TrustFiles(keys, place).load().scopes.known
