"""Built files of static/dist: templates name them plainly, the manifest knows their hashed names."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for

MANIFEST = "manifest.json"
FOREVER = "public, max-age=31536000, immutable"  # the name changes with the content


@dataclass
class _Built:
    """The manifest as it was read, and when it was written (a new build is noticed without a restart)."""

    folder: Path
    written: int = 0
    names: dict[str, str] = field(default_factory=dict)

    def name(self, name: str) -> str:
        manifest = self.folder / MANIFEST
        try:
            written = manifest.stat().st_mtime_ns
        except FileNotFoundError:
            raise RuntimeError("static/dist is not built: run `npm ci && npm run build`") from None
        if written != self.written:
            self.names, self.written = json.loads(manifest.read_text("utf-8")), written
        return self.names[name]


def init_app(app: Flask) -> None:
    """Give templates `asset(name)`, and let browsers keep the built files for ever."""
    app.extensions["aiguro_assets"] = _Built(Path(app.static_folder or "static") / "dist")
    app.jinja_env.globals["asset"] = asset
    app.after_request(_keep)


def asset(name: str) -> str:
    """The address of a built file: `asset("app.js")`. Raises KeyError for a name that is not built."""
    return url_for("static", filename=f"dist/{_built().name(name)}")


def asset_file(name: str) -> Path | None:
    """The built file itself, for addresses that must not change (`/widget.js`); None when it is not built."""
    built = _built()
    try:
        return built.folder / built.name(name)
    except (KeyError, RuntimeError):
        return None


def _built() -> _Built:
    built: _Built = current_app.extensions["aiguro_assets"]
    return built


def _keep(response: Response) -> Response:
    built = request.endpoint == "static" and (request.view_args or {}).get("filename", "").startswith("dist/")
    if built and response.status_code in (200, 304):
        response.headers["Cache-Control"] = FOREVER
    return response
