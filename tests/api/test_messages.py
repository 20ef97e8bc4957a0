"""Messages and dialogs over JSON, as contract.md says."""

from __future__ import annotations

import uuid as uuids
from datetime import datetime
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient
from pydantic import TypeAdapter
from sqlalchemy import select

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Attachment, Dialog, Organization, User
from aiguro_web.schemas.dialogs import DialogOut
from aiguro_web.schemas.messages import MessageOut
from aiguro_web.services import access, connections, funnels, inbound
from tests.people import HOME, People
from tests.services.test_inbound import Face, News


@pytest.fixture
def dialog(app, who: People) -> SimpleNamespace:
    enter_organization(HOME)
    bot = connections.create(
        who.admin.actor, funnel_id=None, messenger_type="telegram", account_id="9", token="9:x", name="Бот"
    )["id"]
    for number in range(1, 6):
        inbound.receive(
            access.client(HOME), bot, "telegram", News(str(number), str(number), f"слово {number}", person=Face())
        )
    found = db.session.scalars(select(Dialog)).one()
    return SimpleNamespace(uuid=found.uuid, funnel_id=found.funnel_id)


def path(dialog: SimpleNamespace, end: str = "") -> str:
    return f"/api/organization/{HOME}/funnel/{dialog.funnel_id}/dialog/{dialog.uuid}{end}"


def test_messages_come_newest_first_in_the_declared_shape(
    client: FlaskClient, who: People, dialog: SimpleNamespace
) -> None:
    answer = client.get(path(dialog, "/messages"), headers=who.viewer.headers)
    assert answer.status_code == 200
    assert [row["text"] for row in answer.json if row["role"] == "user"] == [f"слово {n}" for n in (5, 4, 3, 2, 1)]
    assert answer.headers["X-Total-Count"] == "6"
    assert set(answer.json[0]) == set(MessageOut.model_fields)
    shape = TypeAdapter(list[MessageOut])
    assert shape.dump_python(shape.validate_json(answer.data), mode="json") == answer.json


@pytest.mark.parametrize(
    ("zone", "offset"), [("Europe/Moscow", "+03:00"), ("America/St_Johns", "-03:30"), ("Asia/Kolkata", "+05:30")]
)
def test_time_is_the_same_instant_in_the_organisations_zone(client, who, dialog, zone, offset) -> None:
    db.session.get_one(Organization, HOME).timezone = zone
    db.session.commit()
    enter_organization(HOME)
    row = client.get(path(dialog, "/messages?limit=1"), headers=who.viewer.headers).json[0]
    here, utc = datetime.fromisoformat(row["time"]), datetime.fromisoformat(row["timestamp"])
    assert here == utc.replace(microsecond=0)
    assert row["time"].endswith(offset) or zone == "America/St_Johns"


def test_attachments_of_a_message_are_listed(client, who, dialog) -> None:
    enter_organization(HOME)
    from aiguro_web.models import Message

    message = db.session.scalars(select(Message).where(Message.text == "слово 5")).one()
    message.media = "photo"
    db.session.add(
        Attachment(org_id=HOME, message_id=message.id, name="a.png", content_type="image/png", size=3, storage_key="k")
    )
    db.session.commit()
    rows = client.get(path(dialog, "/messages"), headers=who.viewer.headers).json
    assert [item["name"] for row in rows for item in row["attachments"]] == ["a.png"]


def test_a_walk_by_cursor_gives_each_message_once(client, who, dialog) -> None:
    seen, address = [], path(dialog, "/messages?limit=2&cursor=")
    while address:
        answer = client.get(address, headers=who.viewer.headers)
        seen += [row["id"] for row in answer.json]
        links = answer.headers.get("Link", "")
        address = links.split(">")[0][1:] if 'rel="next"' in links else ""
    whole = client.get(path(dialog, "/messages"), headers=who.viewer.headers).json
    assert seen == [row["id"] for row in whole]


def test_a_manager_writes_and_location_leads_to_the_message(client, who, dialog) -> None:
    answer = client.post(
        path(dialog, "/message"), json={"text": "Добрый день!", "time": "x"}, headers=who.manager.headers
    )
    assert (answer.status_code, answer.json["role"], answer.json["status"]) == (201, "manager", "queued")
    assert answer.json["author"] == who.manager.actor.name
    assert client.get(answer.headers["Location"], headers=who.viewer.headers).json == answer.json


def test_a_repeat_under_the_same_key_writes_once(client, who, dialog) -> None:
    headers = {**who.manager.headers, "Idempotency-Key": "abc-1"}
    first, again = (client.post(path(dialog, "/message"), json={"text": "раз"}, headers=headers) for _ in "12")
    assert first.json["id"] == again.json["id"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"text": ""}, 400), ({"text": "   "}, 400), ({}, 400), ({"text": 5}, 400), ({"text": "x" * 20_001}, 400),
     ({"text": "x", "role": "user"}, 400), ({"text": "x", "role": "system"}, 400), ([], 400), ("x", 400)],
)  # fmt: skip
def test_what_is_no_message_is_refused_in_russian(client, who, dialog, body, status) -> None:
    answer = client.post(path(dialog, "/message"), json=body, headers=who.manager.headers)
    assert answer.status_code == status
    assert answer.content_type.startswith("application/problem+json")
    assert any("а" <= sign <= "я" for sign in answer.json["error"].lower())


def test_a_viewer_reads_and_does_not_write(client, who, dialog) -> None:
    assert client.post(path(dialog, "/message"), json={"text": "x"}, headers=who.viewer.headers).status_code == 403


def test_the_stranger_sees_no_difference_between_foreign_and_absent(client, who, dialog) -> None:
    foreign = client.get(path(dialog, "/messages"), headers=who.stranger.headers)
    own_org = f"/api/organization/2/funnel/{dialog.funnel_id}/dialog/{{}}/messages"
    answers = [client.get(own_org.format(uuid), headers=who.stranger.headers) for uuid in (dialog.uuid, uuids.uuid4())]
    assert foreign.status_code == 403
    assert [answer.status_code for answer in answers] == [404, 404]
    bodies = [{k: v for k, v in answer.json.items() if k not in ("instance", "request_id")} for answer in answers]
    assert bodies[0] == bodies[1]


def test_dialogs_built_by_the_database_have_the_declared_shape(client, who, dialog) -> None:
    answer = client.get(f"/api/organization/{HOME}/funnel/0/dialogs", headers=who.viewer.headers)
    assert answer.headers["X-Total-Count"] == "1"
    (row,) = answer.json
    shape = TypeAdapter(list[DialogOut])
    again = shape.dump_python(shape.validate_json(answer.data), mode="json", by_alias=True)
    assert again == answer.json
    assert (row["client"]["name"], row["stage"], row["messages_count"], row["client"]["messages_count"]) == (
        "Ольга",
        "qualification",
        6,
        6,
    )
    assert [type(row[name]) for name in ("id", "client_id", "funnel_id")] == [str, int, str]


def test_one_dialog_equals_its_row_in_the_list(client, who, dialog) -> None:
    (row,) = client.get(f"/api/organization/{HOME}/funnel/{dialog.funnel_id}/dialogs", headers=who.viewer.headers).json
    assert client.get(path(dialog), headers=who.viewer.headers).json == row


def test_a_dialog_asked_for_through_another_funnel_is_not_there(client, who, dialog) -> None:
    enter_organization(HOME)
    other = funnels.create(who.admin.actor, "Вторая").id
    db.session.commit()
    address = path(dialog).replace(f"/funnel/{dialog.funnel_id}/", f"/funnel/{other}/")
    assert client.get(address, headers=who.admin.headers).status_code == 404
    assert client.get(f"/api/organization/{HOME}/funnel/{other}/dialogs", headers=who.admin.headers).json == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "page=0", "page=1_0", "page=١", "cursor=zz", "limit=a", "page=1&page=2"]
)
def test_a_page_outside_the_ranges_is_refused(client, who, dialog, query) -> None:
    assert (
        client.get(f"/api/organization/{HOME}/funnel/0/dialogs?{query}", headers=who.viewer.headers).status_code == 400
    )


def test_an_unchanged_list_is_a_304(client, who, dialog) -> None:
    address = f"/api/organization/{HOME}/funnel/0/dialogs"
    tag = client.get(address, headers=who.viewer.headers).headers["ETag"]
    assert client.get(address, headers={**who.viewer.headers, "If-None-Match": tag}).status_code == 304
    client.post(path(dialog, "/message"), json={"text": "новое"}, headers=who.manager.headers)
    assert client.get(address, headers={**who.viewer.headers, "If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    "filter", ["stage=qualification", "status=active", "ai=false", "updated_since=2020-01-01T00:00:00Z"]
)
def test_filters_keep_what_fits(client, who, dialog, filter) -> None:
    address = f"/api/organization/{HOME}/funnel/0/dialogs?{filter}"
    answer = client.get(address, headers=who.viewer.headers)
    assert (len(answer.json), answer.headers["X-Total-Count"]) == (1, "1")


@pytest.mark.parametrize(
    "filter", ["stage=closing", "status=closed", "ai=true", "updated_since=2100-01-01T00:00:00Z", "manager=1"]
)
def test_filters_leave_out_what_does_not_fit(client, who, dialog, filter) -> None:
    assert client.get(f"/api/organization/{HOME}/funnel/0/dialogs?{filter}", headers=who.viewer.headers).json == []


def test_a_replay_says_so(client, who, dialog) -> None:
    headers = {**who.manager.headers, "Idempotency-Key": "abc-2"}
    first, again = (client.post(path(dialog, "/message"), json={"text": "раз"}, headers=headers) for _ in "12")
    assert "Idempotent-Replayed" not in first.headers
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert (again.json, again.headers["Location"]) == (first.json, first.headers["Location"])


@pytest.mark.parametrize("body", [{"text": "два"}, {"text": "раз", "role": "assistant"}])
def test_a_key_stands_for_one_message(client, who, dialog, body) -> None:
    headers = {**who.manager.headers, "Idempotency-Key": "abc-3"}
    client.post(path(dialog, "/message"), json={"text": "раз"}, headers=headers)
    answer = client.post(path(dialog, "/message"), json=body, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (422, "idempotency_mismatch")
    rows = client.get(path(dialog, "/messages"), headers=who.viewer.headers).json
    assert [row["text"] for row in rows if row["role"] in ("manager", "assistant")] == ["раз"]


def test_keys_are_told_apart_up_to_255_signs(client, who, dialog) -> None:
    def post(key: str) -> int:
        headers = {**who.manager.headers, "Idempotency-Key": key}
        return client.post(path(dialog, "/message"), json={"text": f"слово {key[-1:]}"}, headers=headers).status_code

    assert [post("k" * 254 + end) for end in "12"] == [201, 201]
    assert [post("k" * 256), post("")] == [400, 400]


def test_a_person_without_a_name_writes_without_their_e_mail(client, who, dialog) -> None:
    db.session.get_one(User, who.manager.actor.user_id).name = ""
    db.session.commit()
    answer = client.post(path(dialog, "/message"), json={"text": "раз"}, headers=who.manager.headers)
    assert (answer.status_code, answer.json["author"]) == (201, "")
