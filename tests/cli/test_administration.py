"""`flask --app wsgi …`: a company begins from an empty database."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Stage
from aiguro_web.services import access, funnels
from tests import people


def run(app: Flask, *words: str) -> str:
    result = app.test_cli_runner().invoke(args=list(words))
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def test_a_new_organisation_has_an_active_funnel_with_stages(app: Flask) -> None:
    org_id = int(run(app, "org", "add", "ООО Ромашка"))
    system = access.system(org_id)
    enter_organization(org_id)
    (funnel,) = funnels.list_funnels(system)
    assert (funnel["display_name"], funnel["is_active"]) == ("Продажи", True)
    stages = db.session.scalars(select(Stage.code).where(Stage.funnel_id == funnel["id"]).order_by(Stage.position))
    assert stages.all() == ["qualification", "presentation", "closing"]


def test_the_same_gid_is_the_same_organisation_with_one_funnel(app: Flask) -> None:
    first = run(app, "org", "add", "ООО Ромашка", "--gid", "org_one", "--funnel", "Опт")
    assert run(app, "org", "add", "Другое имя", "--gid", "org_one") == first
    enter_organization(int(first))
    assert [row["display_name"] for row in funnels.list_funnels(access.system(int(first)))] == ["Опт"]


def test_a_user_of_the_shell_signs_in_with_the_password(app: Flask) -> None:
    org_id = run(app, "org", "add", "ООО Ромашка")
    words = ("--org", org_id, "--role", "admin", "--name", "Анна", "--password", "a long password")
    run(app, "user", "add", "anna@company.example", *words)
    assert people.sign_in("anna@company.example", "a long password").name == "Анна"
    assert run(app, "token", "anna@company.example", "--org", org_id).count(".") == 2


def test_the_sign_in_page_can_be_asked_for_its_head(app: Flask) -> None:
    assert app.test_client().head("/login").status_code == 200
