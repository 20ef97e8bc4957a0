"""Telegram's calls: proven by the secret, kept once, answered 200 whatever is inside."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Client, Dialog, Outbox
from aiguro_web.models.message import MessageRole
from aiguro_web.services import connections, dialogs, messages
from aiguro_web.webhooks import guard, messengers
from tests.people import HOME, People
from tests.webhooks.conftest import SECRET_HEADER, Hook


@pytest.mark.parametrize(
    "headers",
    [{}, {SECRET_HEADER: ""}, {SECRET_HEADER: "wrong"}, {SECRET_HEADER: "ключ"}, {"Authorization": "Bearer x"}],
)
def test_without_the_secret_it_is_403_and_nothing_is_kept(hook: Hook, headers: dict[str, str]) -> None:
    headers = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    answer = hook.post(hook.update(message=hook.message(5, 1)), headers=headers)
    assert answer.status_code == 403
    assert answer.content_type.startswith("application/problem+json")
    assert hook.kept() == []


def test_the_secret_of_another_bot_is_not_accepted(hook: Hook, who: People) -> None:
    other = connections.create(
        who.admin.actor, funnel_id=None, messenger_type="telegram", account_id="78", token="78:x"
    )
    row = connections.find_by_key(other["key"])
    db.session.commit()
    foreign = connections.open_secrets(row.secret_encrypted)["secret"]
    assert hook.post(hook.update(), headers={SECRET_HEADER: foreign}).status_code == 403


@pytest.mark.parametrize("path", ["telegram/unknown", f"telegram/{'k' * 65}", "whatsapp/{key}", "webchat/{key}"])
def test_nobody_lives_at_another_address(hook: Hook, client: FlaskClient, path: str) -> None:
    answer = client.post(f"/webhooks/{path.format(key=hook.key)}", json={}, headers={SECRET_HEADER: hook.secret})
    assert answer.status_code == 404


def test_only_post_is_for_updates(hook: Hook, client: FlaskClient) -> None:
    answer = client.get(f"/webhooks/telegram/{hook.key}")
    assert (answer.status_code, "POST" in answer.headers["Allow"]) == (405, True)


def test_a_message_makes_a_client_and_a_waiting_dialog(hook: Hook) -> None:
    answer = hook.says(5_000_000_001, 1, "Сколько стоит?")
    assert (answer.status_code, answer.data) == (200, b"")
    dialog = hook.dialog()
    assert (dialog.last_message, dialog.channel, dialog.unanswered_since is not None) == (
        "Сколько стоит?",
        "telegram",
        True,
    )
    client = db.session.scalars(select(Client)).one()
    assert client.name == "Ольга Котова"


def test_the_same_update_and_the_same_message_count_once(hook: Hook) -> None:
    update = hook.update(message=hook.message(5, 1))
    again = hook.update(message=hook.message(5, 1))  # the same message under a new update
    assert [hook.post(body).status_code for body in (update, update, update, again)] == [200] * 4
    assert hook.said(5) == ["Здравствуйте"]
    assert hook.dialog().unread == 1


def test_a_start_link_names_the_source_of_the_client(hook: Hook) -> None:
    hook.says(5, 1, "/start summer_sale")
    enter_organization(HOME)
    assert db.session.scalar(select(Client.source)) == "summer_sale"


def test_an_edit_changes_the_text_and_the_preview(hook: Hook) -> None:
    hook.says(5, 1, "Хочу стол")
    hook.post(hook.update(edited_message=hook.message(5, 1, "Хочу стул", edit_date=1_790_000_100)))
    assert hook.said(5) == ["Хочу стул"]
    assert hook.dialog().last_message == "Хочу стул"


def test_an_edit_of_an_earlier_message_leaves_the_preview_alone(hook: Hook) -> None:
    hook.says(5, 1, "первое")
    hook.says(5, 2, "второе")
    hook.post(hook.update(edited_message=hook.message(5, 1, "первое, исправлено", edit_date=1_790_000_100)))
    assert hook.said(5) == ["первое, исправлено", "второе"]
    assert hook.dialog().last_message == "второе"


def test_an_edit_that_overtakes_its_message_is_what_stays(hook: Hook) -> None:
    original = hook.update(message=hook.message(5, 1, "с ошибкой"))
    hook.post(hook.update(edited_message=hook.message(5, 1, "исправлено", edit_date=1_790_000_100)))
    hook.post(original)
    assert hook.said(5) == ["исправлено"]
    assert hook.dialog().unread == 1


def test_blocking_unsubscribes_and_letting_in_subscribes(hook: Hook, who: People) -> None:
    hook.says(5, 1)
    assert hook.membership(5, "kicked").status_code == 200
    assert hook.dialog().unsubscribed is True
    assert hook.membership(5, "kicked").status_code == 200  # said twice, noted once
    assert len([line for line in hook.said(5, MessageRole.system) if "заблокировал" in line]) == 1
    assert hook.membership(5, "member").status_code == 200
    assert hook.dialog().unsubscribed is False


def test_a_message_of_a_client_who_blocked_us_clears_it(hook: Hook, who: People) -> None:
    hook.says(5, 1)
    hook.membership(5, "kicked")
    hook.says(5, 2, "я снова здесь")
    dialog = hook.dialog()
    assert dialog.unsubscribed is False
    messages.write(who.manager.actor, dialog.uuid, text="рады видеть")
    assert db.session.scalar(select(func.count()).select_from(Outbox)) == 1


def test_blocking_by_somebody_who_never_wrote_changes_nothing(hook: Hook) -> None:
    assert hook.membership(6, "kicked").status_code == 200
    assert db.session.scalar(select(func.count()).select_from(Dialog)) == 0


def test_kinds_that_mean_nothing_to_us_are_kept_and_answered_200(hook: Hook) -> None:
    group = {"id": -100123, "type": "supergroup", "title": "Группа"}
    for payload in (
        {"callback_query": {"id": "1", "from": {"id": 5}, "data": "x"}},
        {"poll": {"id": "1"}},
        {"a_kind_of_tomorrow": {"anything": [1, 2, {"deep": None}]}},
        {"message": {**hook.message(5, 1), "chat": group}},
        {"message": hook.message(5, 2, None, pinned_message={"message_id": 1})},
        {},
    ):
        assert hook.post(hook.update(**payload)).status_code == 200
    assert [status for _, status, _ in hook.kept()] == ["ignored"] * 6
    assert db.session.scalar(select(func.count()).select_from(Dialog)) == 0


@pytest.mark.parametrize("content", ["photo", "voice", "document", "sticker", "location", "contact", "video_note"])
def test_content_that_is_no_text_is_shown_by_its_name(hook: Hook, content: str) -> None:
    body = {"contact": {"phone_number": "+79991234567", "first_name": "Ольга"}}.get(content, {"file_id": "AgAC"})
    assert hook.says(5, 1, None, **{content: body}).status_code == 200
    assert len(hook.said(5)) == 1
    assert hook.dialog().last_message


@pytest.mark.parametrize(
    ("body", "id"),
    [
        (b'{"update_id": 31, "message": {"message_id": "ten", "chat": {"id": 5, "type": "private"}}}', "31"),
        (b'{"update_id": 32, "message": {"message_id": 1, "date": -1}}', "32"),
        (b'{"update_id": 33, "message": ', "33"),
        (b"\xff\xfe\x00 not JSON", "sha256:"),
        (b"", "sha256:"),
        (b"[]", "sha256:"),
        (b'{"update_id": "34"}', "sha256:"),
        (b'{"update_id": 99999999999999999999}', "sha256:"),
        (b"[" * 100_000, "sha256:"),
    ],
)
def test_what_cannot_be_read_is_kept_marked_and_answered_200(hook: Hook, body: bytes, id: str) -> None:
    assert [hook.post(body).status_code for _ in range(2)] == [200, 200]
    ((external_id, status, error),) = hook.kept()
    assert external_id.startswith(id)
    assert (status, bool(error)) == ("unreadable", True)
    hook.says(5, 1, "следующее")
    assert hook.said(5) == ["следующее"]


NASTY = st.text(st.characters() | st.sampled_from("\x00\ud800\u202e\ufeff\n"), max_size=40)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | NASTY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NASTY, inner, max_size=3),
    max_leaves=6,
)
NUMBERS = st.integers() | st.sampled_from([0, -1, 2**31, 2**63 - 1, 2**63, 2**64, 10**400])
MESSAGES = st.fixed_dictionaries(
    {"message_id": NUMBERS, "date": NUMBERS, "chat": st.fixed_dictionaries({"id": NUMBERS, "type": st.just("private")})},
    optional={
        "from": st.fixed_dictionaries({"id": NUMBERS, "first_name": NASTY}, optional={"username": NASTY, "x": ANYTHING}),
        "text": NASTY, "caption": NASTY, "photo": ANYTHING, "contact": ANYTHING, "reply_to_message": ANYTHING,
    },
)  # fmt: skip
KINDS = st.sampled_from(["message", "edited_message", "my_chat_member", "callback_query"])


@given(update_id=NUMBERS | ANYTHING, kind=KINDS, payload=MESSAGES | ANYTHING)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_update_is_answered_with_anything_but_200(hook: Hook, update_id, kind, payload) -> None:
    answer = hook.post(json.dumps({"update_id": update_id, kind: payload}).encode("utf-8", "surrogatepass"))
    assert answer.status_code == 200


def test_a_body_beyond_every_real_update_is_refused(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messengers, "BODY_MAX", 1000)
    assert hook.post(b" " * 1001).status_code == 413


@pytest.mark.parametrize(("size", "status"), [(2 * 1024**2, 200), (3 * 1024**2, 200), (3 * 1024**2 + 1, 413)])
def test_an_update_may_be_larger_than_a_pages_form(hook: Hook, size: int, status: int) -> None:
    body = json.dumps(hook.update(message=hook.message(5, 1, "большое"))).encode()
    assert hook.post(body.ljust(size)).status_code == status
    assert len(hook.kept()) == (status == 200)


@pytest.mark.parametrize("how", ["off", "removed"])
def test_a_connection_that_is_off_or_removed_receives_nothing(hook: Hook, who: People, how: str) -> None:
    hook.says(5, 1, "раньше")
    if how == "off":
        connections.set_active(who.admin.actor, hook.id, False)
    else:
        connections.remove(who.admin.actor, hook.id)
    db.session.commit()
    assert hook.says(5, 2, "теперь").status_code == 200  # this process still remembers it; it keeps nothing
    guard.forget()
    assert hook.says(5, 3, "и потом").status_code == (200 if how == "off" else 404)
    assert hook.post(b"not readable").status_code == (200 if how == "off" else 404)
    assert hook.said(5) == ["раньше"]
    assert len(hook.kept()) == 1


def test_a_closed_dialog_is_followed_by_a_new_one(hook: Hook, who: People) -> None:
    hook.says(5, 1, "первый разговор")
    dialogs.close(who.manager.actor, hook.dialog().uuid)
    db.session.commit()
    hook.says(5, 2, "второй разговор")
    enter_organization(HOME)
    rows = db.session.execute(select(Dialog.status, Dialog.last_message).order_by(Dialog.id)).all()
    assert [(row[0].value, row[1]) for row in rows] == [("closed", "первый разговор"), ("active", "второй разговор")]
    assert db.session.scalar(select(func.count()).select_from(Client)) == 1


def test_the_log_and_the_answers_carry_no_secret(hook: Hook, caplog: pytest.LogCaptureFixture) -> None:
    answers = [hook.says(5, 1), hook.post(b"x"), hook.post({}, headers={SECRET_HEADER: "wrong"})]
    for answer in answers:
        assert hook.secret not in answer.get_data(as_text=True)
    assert hook.secret not in caplog.text
