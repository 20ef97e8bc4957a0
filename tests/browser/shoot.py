"""`make screens`: pictures of every screen, light and dark, desktop and phone, into docs/screens/."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.databases import ROOT

from .house import ARGS, SIZES, House, enter, opened
from .screens import SCREENS, Screen

FOLDER = ROOT / "docs" / "screens"
THEMES = ("light", "dark")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make screens ARGS=…", description=__doc__)
    parser.add_argument("--only", default="", help="a part of a screen's name")
    parser.add_argument("--into", type=Path, default=FOLDER / "all")
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    with opened() as house, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS)
        for size in SIZES:
            for theme in THEMES:
                _shoot(house, browser, size, theme, options)


def _shoot(house: House, browser: Browser, size: str, theme: str, options: argparse.Namespace) -> None:
    people: dict[str, object] = {}
    for screen in (one for one in SCREENS if options.only in one.name):
        context = people.get(screen.email)
        if context is None:
            context = browser.new_context(viewport=SIZES[size], color_scheme=theme, locale="ru-RU", has_touch=size == "phone")  # fmt: skip
            people[screen.email] = context
            if screen.email:
                enter(house, context.new_page(), screen.email)
        page = context.new_page()
        _picture(house, page, screen, options.into / f"{screen.name}-{size}-{theme}.png")
        page.close()


def _picture(house: House, page: object, screen: Screen, file: Path) -> None:
    try:
        screen.open(house, page)
        page.wait_for_timeout(300)  # the last fragment's swap
    except Exception as error:  # one broken screen must not hide the others
        print(f"{file.name}: {type(error).__name__}: {str(error).splitlines()[0]}")
    page.screenshot(path=file)
    print(file.name, flush=True)


if __name__ == "__main__":
    main()
