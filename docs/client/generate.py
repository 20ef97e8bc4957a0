"""Writes schema.d.ts, the types of the API, beside this file: `make client`."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from flask import Flask

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

HEAD = "// Types of the AIGURO API, made from its description by `make client`. Do not edit.\n\n"
# What a program does not read in types: it would make the file four times as long.
LEFT_OUT = ("example", "examples", "headers", "pattern")


def document() -> dict[str, Any]:
    """The description of every door, without a database."""
    import aiguro_web
    from aiguro_web.api.description import document
    from aiguro_web.web import tenancy

    app = Flask("description")
    app.url_map.converters["id"] = tenancy.Id
    app.config["PUBLIC_URL"] = ""
    for door in aiguro_web.MACHINE_DOORS:
        app.register_blueprint(door)
    return document.build(app)


def slim(node: Any) -> Any:
    """Without examples and headers; of the refusals, which look alike, only their shape (schemas.Problem)."""
    if isinstance(node, list):
        return [slim(one) for one in node]
    if not isinstance(node, dict):
        return node
    if "responses" in node and "operationId" in node:
        node = {key: value for key, value in node.items() if key != "description"}
        node["responses"] = {code: one for code, one in node["responses"].items() if code < "300"}
    kept: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties":
            kept[key] = {name: slim(shape) for name, shape in value.items()}
        elif key not in LEFT_OUT:
            kept[key] = slim(value)
    return kept


def types(described: dict[str, Any]) -> str:
    """The text of schema.d.ts, by openapi-typescript."""
    thin = slim(described)
    thin["components"] = {"schemas": thin["components"]["schemas"], "parameters": thin["components"]["parameters"]}
    tool = ROOT / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "openapi.json", Path(folder) / "schema.d.ts"
        given.write_text(json.dumps(thin, ensure_ascii=False), "utf-8")
        subprocess.run(
            [shutil.which("node") or "node", str(tool), str(given), "-o", str(made), "--default-non-nullable=false"],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        text = made.read_text("utf-8")
    return HEAD + _telling(text.split("*/\n", 1)[1].lstrip())


def _telling(text: str) -> str:
    """Without the lines that say only that there is nothing."""
    text = re.sub(r"^.*\?: never;\n", "", text, flags=re.MULTILINE)
    return re.sub(
        r"^ *(?:parameters: \{\n *\}|headers: \{\n *\[name: string\]: unknown;\n *\});\n", "", text, flags=re.MULTILINE
    )


if __name__ == "__main__":
    target = HERE / "schema.d.ts"
    target.write_text(types(document()), "utf-8")
    sys.stdout.write(f"{target.relative_to(ROOT)}: {target.stat().st_size // 1024} KB\n")
