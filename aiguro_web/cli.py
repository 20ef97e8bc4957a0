"""Administration from a shell: `flask --app wsgi …`."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from .extensions import db
from .models import Role
from .services import access, api_tokens, funnels, organizations, users

user_group = AppGroup("user", help="People who sign in.")
org_group = AppGroup("org", help="Organisations.")


def init_app(app: Flask) -> None:
    """Register the commands."""
    for command in (up, demo_command, seed, worker, token, user_group, org_group):
        app.cli.add_command(command)


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Work off the job queue until stopped."""
    from flask import current_app

    from .tasks import worker as work

    work.run(current_app._get_current_object())  # type: ignore[attr-defined]


@click.command("token")
@click.argument("email")
@click.option("--org", type=int, help="refuse unless the user is a member of this organisation")
@with_appcontext
def token(email: str, org: int | None) -> None:
    """Print a bearer token of a local user, and nothing else."""
    user = users.find_by_email(email)
    if user is None:
        raise click.ClickException(f"no local user {email}")
    if org is not None and org not in [row["org_id"] for row in organizations.list_memberships(user.id)]:
        raise click.ClickException(f"{email} is not a member of organisation {org}")
    issued = api_tokens.issue(user.id, name="flask token", org_id=org)
    db.session.commit()
    click.echo(issued.token)


@user_group.command("add")
@click.argument("email")
@click.option("--org", type=int, required=True)
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--name", default="")
@click.password_option()
def add_user(email: str, org: int, role: str, name: str, password: str) -> None:
    """Add a local user, or let an existing one into the organisation."""
    user = users.find_by_email(email) or users.add_local(email, name, password)
    db.session.flush()  # the id of a new one
    organizations.invite(org, user.id, Role(role))
    db.session.commit()
    click.echo(f"user {user.id} is {role} of organisation {org}")


@org_group.command("add")
@click.argument("name")
@click.option("--gid", help="the identity provider's id of the organisation (Clerk: org_…)")
@click.option("--funnel", default="Продажи", show_default=True, help="the name of its first funnel")
def add_org(name: str, gid: str | None, funnel: str) -> None:
    """Found an organisation with its first funnel, where messengers can lead; print its id."""
    organization = organizations.create(name, gid)
    org_id = organization.id
    if not funnels.list_funnels(access.system(org_id)):  # a known gid answers an organisation that has some
        funnels.create(access.system(org_id), funnel)
    db.session.commit()
    click.echo(org_id)


@org_group.command("restore")
@click.argument("org", type=int)
def restore_org(org: int) -> None:
    """Open an archived organisation again; its messengers have to be connected anew."""
    if organizations.restore(org) is None:
        raise click.ClickException(f"no organisation {org}")
    db.session.commit()
    click.echo(f"organisation {org} is open")


@click.command("up")
@with_appcontext
def up() -> None:
    """What `make run` does: migrate, load the demo organisations on the first run, keep web and worker alive."""
    import flask_migrate
    from flask import current_app

    from . import demo, running

    flask_migrate.upgrade()
    if current_app.config["AIGURO_ENV"] != "production":
        demo.load_once()
    running.keep_alive(current_app._get_current_object())  # type: ignore[attr-defined]


@click.command("demo")
@with_appcontext
def demo_command() -> None:
    """Load the demo organisations where they are missing."""
    from . import demo

    click.echo("loaded" if demo.load_once() else "already here")


@click.command("seed")
@click.option("--dialogs", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--orgs", type=click.IntRange(1), default=1, show_default=True)
@with_appcontext
def seed(dialogs: int, orgs: int) -> None:
    """Write made-up dialogs into new organisations, to try the lists at scale. Not in production."""
    from flask import current_app

    from . import seeding

    if current_app.config["AIGURO_ENV"] == "production":
        raise click.ClickException("not in production")
    found = seeding.seed(current_app.config["DATABASE_OWNER_URL"], dialogs, orgs)
    click.echo(f"organisation {found.org}: funnel {found.big_funnel} holds {dialogs // seeding.BIG_SHARE} dialogs")
