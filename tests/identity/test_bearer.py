"""The bearer guard: who a token is in our database, and where it lets them in."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from aiguro_web.errors import Forbidden, TooMany, Unauthorized, Unavailable
from aiguro_web.extensions import db
from aiguro_web.models import Role, User
from aiguro_web.services import api_tokens, organizations
from aiguro_web.web import auth
from aiguro_web.web.envelope import EXTRA
from aiguro_web.web.jwks import JwksDown
from aiguro_web.web.tokens import ClerkRules, Verifier

from .issuing import ISSUER, PARTY, claims_v1, claims_v2, sign

pytestmark = pytest.mark.usefixtures("clerk")
Ask = Callable[..., Any]


def issue(app: Flask, user_id: int, **options: Any) -> api_tokens.Issued:
    with app.app_context():
        issued = api_tokens.issue(user_id, **options)
        db.session.commit()
        return issued


def test_first_sight_creates_the_user_without_name_and_e_mail(ask: Ask, find_user: Ask) -> None:
    who = ask(sign(claims_v2(sub="user_new", email="admin@demo.example")))
    user = find_user(ISSUER, "user_new")
    assert (who.user_id, who.kind, who.org, who.role, who.email) == (user.id, "person", None, None, "")
    assert ask(sign(claims_v2(sub="user_new", exp=int(time.time()) + 30))).user_id == user.id


@pytest.mark.parametrize("claims", [claims_v1, claims_v2])
@pytest.mark.parametrize(("clerks", "ours"), [("admin", Role.admin), ("member", Role.manager), ("boss", Role.manager)])
def test_first_sight_joins_an_organisation_known_by_its_gid(
    claims: Any, clerks: str, ours: Role, ask: Ask, make_org: Ask
) -> None:
    org_id = make_org("org_known")
    if claims is claims_v1:
        token = sign(claims_v1(sub="user_j", org_id="org_known", org_role=f"org:{clerks}"))
    else:
        token = sign(claims_v2(sub="user_j", o={"id": "org_known", "rol": clerks}))
    who = ask(token, org=str(org_id))
    assert (who.org, who.role) == (org_id, ours)


def test_an_unknown_gid_creates_nothing(ask: Ask, app: Flask) -> None:
    who = ask(sign(claims_v2(sub="user_u", o={"id": "org_unheard", "rol": "admin"})))
    with app.app_context():
        assert organizations.find_by_gid("org_unheard") is None
        assert organizations.list_memberships(who.user_id, removed=True) == []


def test_later_claims_do_not_change_a_role(ask: Ask, make_org: Ask) -> None:
    org_id = make_org("org_r")
    ask(sign(claims_v2(sub="user_r", o={"id": "org_r", "rol": "member"})))
    assert ask(sign(claims_v2(sub="user_r", o={"id": "org_r", "rol": "admin"})), org=org_id).role == Role.manager


def test_a_removed_member_stays_out_though_the_token_still_names_the_organisation(
    ask: Ask, make_org: Ask, remove: Ask, pass_time: Ask
) -> None:
    org_id = make_org("org_t")
    token = sign(claims_v2(sub="user_t", o={"id": "org_t", "rol": "admin"}))
    user_id = ask(token, org=org_id).user_id
    remove(org_id, user_id)
    pass_time(59)
    for again in (token, sign(claims_v2(sub="user_t", o={"id": "org_t", "rol": "admin"}, jti="next"))):
        with pytest.raises(Forbidden):
            ask(again, org=org_id)


def test_removal_holds_at_once_where_it_is_told(app: Flask, ask: Ask, make_org: Ask, remove: Ask) -> None:
    org_id = make_org("org_f")
    token = sign(claims_v2(sub="user_f", o={"id": "org_f", "rol": "admin"}))
    who = ask(token, org=org_id)
    remove(org_id, who.user_id)
    with app.app_context():
        auth.forget(who.user_id)
        assert not auth.still(who)
    with pytest.raises(Forbidden):
        ask(token, org=org_id)


def test_an_invitation_clears_the_tombstone(app: Flask, ask: Ask, make_org: Ask, remove: Ask) -> None:
    org_id = make_org("org_i")
    token = sign(claims_v2(sub="user_i", o={"id": "org_i", "rol": "admin"}))
    user_id = ask(token, org=org_id).user_id
    remove(org_id, user_id)
    with app.app_context():
        auth.forget()
        organizations.invite(org_id, user_id, Role.viewer)
        db.session.commit()
    assert ask(token, org=org_id).role == Role.viewer


def test_foreign_absent_and_impossible_organisations_read_the_same(ask: Ask, make_org: Ask, make_user: Ask) -> None:
    foreign = make_org(None, {make_user(): Role.admin})
    token = sign(claims_v2(sub="user_s"))
    words = set()
    for org in (str(foreign), "999999999", "0", "-1", "01", "1.0", "1e3", "abc", "٣", "9" * 40, "1\x00", " 1"):
        with pytest.raises(Forbidden) as caught:
            ask(token, org=org)
        words.add((caught.value.message, caught.value.code, str(caught.value.headers)))
    assert len(words) == 1


def test_a_switched_off_user_reads_like_a_bad_token(app: Flask, ask: Ask, make_user: Ask) -> None:
    user_id = make_user()
    token = issue(app, user_id).token
    make_inactive(app, user_id)
    with pytest.raises(Unauthorized) as caught:
        ask(token)
    with pytest.raises(Unauthorized) as bad:
        ask("abc")
    assert (caught.value.message, caught.value.headers) == (bad.value.message, bad.value.headers)
    assert bad.value.headers == {"WWW-Authenticate": "Bearer"}


def make_inactive(app: Flask, user_id: int) -> None:
    with app.app_context():
        db.session.get_one(User, user_id).is_active = False
        db.session.commit()


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic {}", "Token {}", "{}", "Bearer {} x", "Bearer {},Bearer {}", "Bearer\t{}"],
)
def test_only_one_bearer_header_counts(header: str, app: Flask, ask: Ask, make_user: Ask) -> None:
    token = issue(app, make_user()).token
    assert ask(None, {"Authorization": f"bearer {token}"}).user_id
    with pytest.raises(Unauthorized):
        ask(None, {"Authorization": header.replace("{}", token)})


def test_a_token_in_the_address_or_in_a_cookie_is_nobody(app: Flask, make_user: Ask, clean: None) -> None:
    token = issue(app, make_user()).token
    with (
        app.app_context(),
        app.test_request_context(
            f"/api/x?access_token={token}&token={token}",
            headers={"Cookie": f"__session={token}; aiguro_session={token}"},
            environ_overrides={EXTRA: []},
        ),
        pytest.raises(Unauthorized),
    ):
        auth.bearer({})


def test_two_authorization_headers_are_refused(app: Flask, make_user: Ask, clean: None) -> None:
    token = issue(app, make_user()).token
    headers = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
    with (
        app.app_context(),
        app.test_request_context("/api/x", headers=headers, environ_overrides={EXTRA: []}),
        pytest.raises(Unauthorized),
    ):
        auth.bearer({})


def test_a_pending_session_is_forbidden(ask: Ask) -> None:
    with pytest.raises(Forbidden):
        ask(sign(claims_v2(sts="pending")))


def test_our_own_token_acts_for_its_user_where_they_are_member(
    app: Flask, ask: Ask, make_user: Ask, make_org: Ask
) -> None:
    user_id = make_user()
    mine, other = make_org(None, {user_id: Role.viewer}), make_org(None)
    token = issue(app, user_id, org_id=mine).token
    assert (ask(token, org=mine).role, ask(token).org) == (Role.viewer, None)
    with pytest.raises(Forbidden):
        ask(token, org=other)


def test_a_revoked_token_ends_within_a_minute(app: Flask, ask: Ask, make_user: Ask, pass_time: Ask) -> None:
    user_id = make_user()
    issued = issue(app, user_id)
    who = ask(issued.token)
    with app.app_context():
        api_tokens.revoke(who, issued.id)
        db.session.commit()
    pass_time(59)
    with pytest.raises(Unauthorized):
        ask(issued.token)


def test_without_keys_the_answer_is_come_back_later(app: Flask, ask: Ask) -> None:
    def down(kid: str) -> None:
        raise JwksDown("x")

    app.extensions["aiguro_auth"].verifier = Verifier(ClerkRules(ISSUER, frozenset({PARTY})), down, lambda kid: None)
    with pytest.raises(Unavailable) as caught:
        ask(sign(claims_v2()))
    assert caught.value.headers == {"Retry-After": "5"}


def test_keys_are_fetched_while_no_transaction_is_open(app: Flask, ask: Ask) -> None:
    open_then: list[bool] = []

    def look(kid: str) -> None:
        open_then.append(db.session().in_transaction())

    app.extensions["aiguro_auth"].verifier = Verifier(ClerkRules(ISSUER, frozenset({PARTY})), look, lambda kid: None)
    with pytest.raises(Unauthorized):
        ask(sign(claims_v2()))
    assert open_then == [False]


def test_a_good_token_spends_its_own_budget_and_a_bad_one_the_address(ask: Ask) -> None:
    good = sign(claims_v2(sub="user_b"))
    for _ in range(100):
        with pytest.raises(Unauthorized):
            ask("abc")
    with pytest.raises(TooMany):
        ask("abc")
    assert ask(good).kind == "person"


def test_a_revoked_token_spends_the_address_too(app: Flask, ask: Ask, make_user: Ask) -> None:
    user_id = make_user()
    issued = issue(app, user_id)
    make_inactive(app, user_id)
    for _ in range(100):
        with pytest.raises(Unauthorized):
            ask(issued.token)
    with pytest.raises(TooMany):
        ask(issued.token)
