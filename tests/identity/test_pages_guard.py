"""The page guard: the browser's session, the chosen organisation, and where those without one are sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, g, session

from aiguro_web.errors import Conflict, Forbidden
from aiguro_web.models import Role
from aiguro_web.web import auth, sessions

from .conftest import Browser

Visit = Callable[..., Any]


def of(user_id: int, **more: Any) -> dict[str, Any]:
    return {"_user_id": str(user_id), "_fresh": True, **more}


def test_a_session_acts_in_its_first_organisation_until_another_is_chosen(
    visit: Visit, make_user: Visit, make_org: Visit
) -> None:
    user_id = make_user()
    first, second = make_org(None, {user_id: Role.manager}), make_org(None, {user_id: Role.admin})
    _, who = visit(of(user_id))
    assert (who.org, who.role, who.user_id, who.name) == (first, Role.manager, user_id, "Пётр")
    _, who = visit(of(user_id, org_id=second))
    assert (who.org, who.role) == (second, Role.admin)


def test_a_foreign_or_lost_choice_falls_back_to_ones_own(
    visit: Visit, make_user: Visit, make_org: Visit, remove: Visit
) -> None:
    user_id = make_user()
    mine, lost, foreign = make_org(None, {user_id: Role.admin}), make_org(None, {user_id: Role.admin}), make_org()
    remove(lost, user_id)
    for chosen in (lost, foreign, "1", None, [mine]):
        assert visit(of(user_id, org_id=chosen))[1].org == mine


def test_a_removed_member_is_out_at_the_next_page(
    visit: Visit, make_user: Visit, make_org: Visit, remove: Visit
) -> None:
    user_id = make_user()
    org_id = make_org(None, {user_id: Role.admin})
    visit(of(user_id))
    remove(org_id, user_id)
    with pytest.raises(Forbidden, match="не пригласили"):
        visit(of(user_id))


def test_somebody_without_organisation_reads_why(visit: Visit, make_user: Visit) -> None:
    with pytest.raises(Forbidden, match="не пригласили"):
        visit(of(make_user()))


def test_staff_need_no_organisation_but_have_no_role(visit: Visit, make_user: Visit) -> None:
    staff = make_user(is_staff=True)
    _, who = visit(of(staff), path="/dashboard/desk")
    assert (who.staff, who.org, who.role, who.may("read")) == (True, None, None, False)
    answer, _ = visit(of(staff), path=sessions.HOME)
    assert answer.headers["Location"] == sessions.DESK


@pytest.mark.parametrize("stored", [{}, {"_user_id": "999999999"}, {"_user_id": "x"}, {"_user_id": "1; DROP"}])
def test_nobody_is_sent_to_sign_in_and_back(stored: dict[str, Any], visit: Visit) -> None:
    answer, who = visit(stored, "/dashboard/clients?search=%D0%B0%26b")
    assert (answer.status_code, answer.location) == (
        303,
        "/login?next=%2Fdashboard%2Fclients%3Fsearch%3D%25D0%25B0%2526b",
    )
    assert who is None


def test_a_switched_off_user_is_nobody(visit: Visit, make_user: Visit, make_org: Visit) -> None:
    user_id = make_user(is_active=False)
    make_org(None, {user_id: Role.admin})
    assert visit(of(user_id))[0].status_code == 303


def test_a_demo_user_is_nobody_in_production(
    app: Flask, visit: Visit, make_user: Visit, make_org: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = make_user(is_demo=True)
    make_org(None, {user_id: Role.admin})
    assert visit(of(user_id))[1].user_id == user_id
    monkeypatch.setitem(app.config, "AIGURO_ENV", "production")
    assert visit(of(user_id))[0].status_code == 303


def test_a_fragment_gets_a_401_that_moves_the_whole_page(visit: Visit) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "https://app.test/dashboard/messengers?uuid=1"}
    answer, _ = visit({}, "/dashboard/messengers/list", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/login?next=%2Fdashboard%2Fmessengers%3Fuuid%3D1"


@pytest.mark.parametrize("current", ["https://app.test//evil.test/", "javascript:alert(1)", "", "https://[::bad"])
def test_a_strange_current_address_of_a_fragment_leads_nowhere(current: str, visit: Visit) -> None:
    answer, _ = visit({}, headers={"HX-Request": "true", "HX-Current-URL": current})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login")


def test_a_live_stream_gets_a_plain_401(visit: Visit) -> None:
    answer, _ = visit({}, "/dashboard/live", headers={"Accept": "text/event-stream"})
    assert (answer.status_code, answer.location) == (401, None)


def test_a_write_is_not_repeated_after_signing_in(visit: Visit) -> None:
    answer, _ = visit({}, "/dashboard/messengers/x/take", method="POST")
    assert (answer.status_code, answer.location) == (303, "/login")


@pytest.mark.parametrize(("site", "allowed"), [
    ("same-origin", True), ("none", True), (None, True), ("cross-site", False), ("same-site", False), ("x", False),
])  # fmt: skip
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_comes_from_our_own_pages(
    method: str, site: str | None, allowed: bool, visit: Visit, make_user: Visit, make_org: Visit
) -> None:
    user_id = make_user()
    make_org(None, {user_id: Role.admin})
    headers = {"Sec-Fetch-Site": site} if site else {}
    if allowed:
        assert visit(of(user_id), method=method, headers=headers)[0] is None
    else:
        with pytest.raises(Forbidden, match="чужого сайта"):
            visit(of(user_id), method=method, headers=headers)


def test_a_link_from_elsewhere_may_open_a_page(visit: Visit, make_user: Visit, make_org: Visit) -> None:
    user_id = make_user()
    make_org(None, {user_id: Role.admin})
    assert visit(of(user_id), headers={"Sec-Fetch-Site": "cross-site"})[0] is None


def test_a_bearer_token_opens_no_page(visit: Visit) -> None:
    assert visit({}, headers={"Authorization": "Bearer abc"})[0].status_code == 303


def test_a_stream_notices_a_changed_role(app: Flask, visit: Visit, make_user: Visit, make_org: Visit) -> None:
    from aiguro_web.extensions import db
    from aiguro_web.services import organizations

    user_id = make_user()
    org_id = make_org(None, {user_id: Role.admin})
    _, who = visit(of(user_id))
    with app.app_context():
        assert auth.still(who)
        organizations.invite(org_id, user_id, Role.viewer)
        db.session.commit()
        assert not auth.still(who)


def test_the_public_guard_knows_nobody(app: Flask) -> None:
    with app.app_context(), app.test_request_context("/login"):
        auth.public({})
        assert (g.who.org, g.who.user_id, g.who.may("read")) == (None, None, False)


@pytest.mark.parametrize("target", [
    "/dashboard/messengers?uuid=1&x=/y", "/dashboard/clients/5", "/dashboard/overview?from=2026-01-01#top", "/x//y",
    "/ы",
])  # fmt: skip
def test_a_path_of_this_site_may_follow_signing_in(target: str) -> None:
    assert sessions.local_path(target) == target


ATTACKS = [
    None, "", "dashboard", "//evil.test", "///evil.test", "/\\evil.test", "\\\\evil.test", "/\t/evil.test",
    "\t//evil.test", "/\n/evil.test", "/\r/evil.test", " //evil.test", "http:evil.test", "http://evil.test",
    "https:/evil.test",
    "HTTP://evil.test", "javascript:alert(1)", "data:text/html,x", "/x\x00", "/\xa0/evil.test", "/a b", "?next=/", "#x",
    "//[::1", "/" + "x" * 2000, "/login", "/login?next=/login", "/login/clerk", "/logout", "/",
]  # fmt: skip


@pytest.mark.parametrize("target", ATTACKS)
def test_anything_else_leads_home(target: str | None) -> None:
    assert sessions.local_path(target) == sessions.HOME


def test_choosing_an_organisation_needs_membership(
    app: Flask, browser: Browser, make_user: Visit, make_org: Visit
) -> None:
    user_id = make_user("choosing@identity.example")
    first, second, foreign = (make_org(None, {user_id: Role.admin}), make_org(None, {user_id: Role.admin}), make_org())
    browser.login("choosing@identity.example")
    token = {"X-CSRFToken": csrf_of(app, browser)}
    for chosen, status in ((second, 303), (foreign, 403), (999_999, 403), ("x", 403), ("", 403)):
        answer = browser.open("/dashboard/org", "POST", data={"org_id": str(chosen)}, headers=token)
        assert answer.status_code == status
        assert browser.session()["org_id"] == second
    answer = browser.open(
        "/dashboard/org", "POST", data={"org_id": str(first)}, headers={**token, "HX-Request": "true"}
    )
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, sessions.HOME)
    assert browser.session()["org_id"] == first


def csrf_of(app: Flask, browser: Browser) -> str:
    """A token that fits the browser's session, as a page would carry it."""
    from flask_wtf.csrf import generate_csrf

    with app.app_context(), app.test_request_context("/"):
        session.update(browser.session())
        token = str(generate_csrf())
        stored = dict(session)
    with browser.app.app_context(), browser.client.session_transaction() as kept:
        kept.update(stored)
    return token


def test_a_write_without_csrf_token_is_refused(browser: Browser, make_user: Visit, make_org: Visit) -> None:
    user_id = make_user("csrf@identity.example")
    org_id = make_org(None, {user_id: Role.admin})
    browser.login("csrf@identity.example")
    assert browser.open("/dashboard/org", "POST", data={"org_id": str(org_id)}).status_code == 400
    assert "org_id" not in browser.session()


def test_a_page_of_another_organisation_than_the_chosen_one_is_refused(
    visit: Visit, make_user: Visit, make_org: Visit
) -> None:
    user_id = make_user()
    first, second = make_org(None, {user_id: Role.manager}), make_org(None, {user_id: Role.admin})
    with pytest.raises(Conflict, match="другая организация"):
        visit(of(user_id, org_id=second), headers={"X-Organization": str(first)})
    _, who = visit(of(user_id, org_id=second), headers={"X-Organization": str(second)})
    assert who.org == second
