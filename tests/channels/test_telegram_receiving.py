"""What an update says: clients' words, edits, blocks, and everything that is none of these."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aiguro_web.channels import Incoming, Person, Unreadable
from aiguro_web.channels.telegram import TelegramChannel
from tests.fakes.telegram import FakeTelegram

CHANNEL = TelegramChannel("http://127.0.0.1:9")
ANNA = {"id": 5_000_000_001, "is_bot": False, "first_name": "Анна", "last_name": "Ким", "username": "anna"}
ANNA |= {"language_code": "ru"}
PRIVATE = {"id": 5_000_000_001, "type": "private", "first_name": "Анна"}


def message(**content: Any) -> dict[str, Any]:
    return {"message_id": 12, "date": 1_700_000_000, "from": ANNA, "chat": PRIVATE} | content


def read(update: Any) -> Incoming:
    body = update if isinstance(update, bytes) else json.dumps(update).encode()
    (incoming,) = CHANNEL.parse(body)
    return incoming


def test_a_message_is_read_whole():
    quoted = message(message_id=9, text="Вопрос")
    update = {"update_id": 77, "message": message(text="Сколько стоит?", reply_to_message=quoted)}
    assert read(update) == Incoming(
        kind="message",
        update_id="77",
        chat_id="5000000001",
        person=Person("5000000001", "Анна Ким", "anna", "ru"),
        message_id="12",
        text="Сколько стоит?",
        sent_at=datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        reply_to="9",
    )


def test_what_the_fakes_clients_do_is_read(telegram: FakeTelegram):
    written = telegram.client_writes(5, "Привет", name="Иван Петров", username="ivan")
    edited = telegram.client_edits(5, written["message"]["message_id"], "Привет!")
    blocked, unblocked = telegram.client_blocks(5), telegram.client_unblocks(5)
    read_all = [read(update) for update in (written, edited, blocked, unblocked)]
    assert [incoming.kind for incoming in read_all] == ["message", "edit", "blocked", "unblocked"]
    assert {incoming.chat_id for incoming in read_all} == {"5"}
    assert all(incoming.person and incoming.person.name == "Иван Петров" for incoming in read_all)
    assert read_all[0].message_id == read_all[1].message_id
    assert read_all[1].text == "Привет!"


def test_an_edit_is_dated_by_the_edit():
    incoming = read({"update_id": 1, "edited_message": message(text="ой", edit_date=1_700_000_060)})
    assert incoming.kind == "edit"
    assert incoming.sent_at == datetime(2023, 11, 14, 22, 14, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "text", "source"),
    [
        ("/start", "/start", ""),
        ("/start promo_2026-A", "/start", "promo_2026-A"),
        ("/start@shop_bot ad", "/start", "ad"),
        ("/start " + "x" * 64, "/start", "x" * 64),
        ("/start " + "x" * 65, "/start " + "x" * 65, ""),
        ("/start привет мир", "/start привет мир", ""),
        ("/started", "/started", ""),
        ("я нажал /start promo", "я нажал /start promo", ""),
    ],
)
def test_only_a_start_link_has_a_source(said, text, source):
    incoming = read({"update_id": 1, "message": message(text=said)})
    assert (incoming.kind, incoming.text, incoming.source) == ("message", text, source)


@pytest.mark.parametrize(
    ("content", "media"),
    [
        ({"photo": [{"file_id": "a"}], "media_group_id": "1"}, "photo"),
        ({"voice": {"file_id": "a"}}, "voice"),
        ({"animation": {}, "document": {}}, "animation"),
        ({"venue": {}, "location": {}}, "venue"),
        ({"hologram_of_2030": {}}, "unsupported"),
    ],
)
def test_content_that_is_not_text_is_named_and_its_caption_kept(content, media):
    incoming = read({"update_id": 1, "message": message(caption="вот", **content)})
    assert (incoming.kind, incoming.media, incoming.text) == ("message", media, "вот")
    assert read({"update_id": 1, "message": message(**content)}).text == ""


def test_ones_own_contact_gives_the_phone_and_anothers_does_not():
    contact = {"phone_number": "+79990001122", "first_name": "Анна", "user_id": ANNA["id"]}
    own = read({"update_id": 1, "message": message(contact=contact)})
    other = read({"update_id": 1, "message": message(contact=contact | {"user_id": 6})})
    assert own.person
    assert own.person.phone == "+79990001122"
    assert other.person
    assert other.person.phone == ""
    assert own.media == other.media == "contact"
    assert own.text == other.text == "Анна +79990001122"


GROUP = {"id": -100_200, "type": "supergroup", "title": "Чат"}
BOT = {"id": 1, "is_bot": True, "first_name": "Бот"}


@pytest.mark.parametrize(
    "payload",
    [
        {"message": message(text="всем привет", chat=GROUP)},
        {"message": {"chat": GROUP, "unreadable": True}},
        {"edited_message": message(text="x", chat=GROUP)},
        {"message": message(text="я бот", **{"from": BOT})},
        {"message": message(pinned_message={"message_id": 1})},
        {"my_chat_member": {"chat": GROUP, "from": ANNA, "date": 1, "new_chat_member": {"status": "kicked"}}},
        {"my_chat_member": {"chat": PRIVATE, "from": ANNA, "date": 1, "new_chat_member": {"status": "left"}}},
        {"callback_query": {"id": "1", "from": ANNA, "message": message(text="?"), "data": "x"}},
        {"channel_post": {"message_id": 1, "date": 1, "chat": {"id": -100_200, "type": "channel"}, "text": "пост"}},
        {"business_message": message(text="x")},
        {"kind_of_2030": {"chat": {"id": "text"}}},
        {"kind_of_2030": None},
        {"kind_of_2030": [1]},
        {},
    ],
)
def test_what_is_no_word_of_a_client_is_other(payload):
    incoming = read({"update_id": 3, **payload})
    assert (incoming.kind, incoming.update_id, incoming.person) == ("other", "3", None)


def test_other_tells_the_chat_where_it_can():
    assert read({"update_id": 3, "callback_query": {"message": message(text="?")}}).chat_id == "5000000001"
    assert read({"update_id": 3, "message": message(text="x", chat=GROUP)}).chat_id == "-100200"
    assert read({"update_id": 3}).chat_id == ""


def test_nul_and_half_surrogate_pairs_are_cleaned_and_whole_pairs_kept():
    body = json.dumps({"update_id": 1, "message": message(text="А")}).encode()
    incoming = read(body.replace(rb'"\u0410"', rb'"a\u0000b\ud83dc\ud83d\ude00"'))
    assert incoming.text == "ab\ufffdc😀"


def test_a_name_is_one_line_without_direction_tricks():
    person = ANNA | {"first_name": "Ан\u202eна\n\x1b[0m", "last_name": "  \u2066Ким\u2069 ", "username": "x" * 300}
    incoming = read({"update_id": 1, "message": message(text="x", **{"from": person})})
    assert incoming.person
    assert incoming.person.name == "Ан на [0m Ким"
    assert len(incoming.person.username) == 64


def test_a_nameless_client_is_called_by_the_username():
    nameless = {"id": 5, "first_name": "\u202e", "username": "anna"}
    incoming = read({"update_id": 1, "message": message(text="x", **{"from": nameless})})
    assert incoming.person
    assert incoming.person.name == "anna"


@pytest.mark.parametrize(
    "broken",
    [
        {"message_id": "12"},
        {"message_id": 2**63},
        {"message_id": True},
        {"date": -1},
        {"date": 10**18},
        {"date": 1.5},
        {"from": None},
        {"from": [ANNA]},
        {"chat": 5},
        {"chat": {"type": "private"}},
        {"text": 7},
        {"text": {"a": 1}},
        {"reply_to_message": {"message_id": "x"}},
    ],
)
def test_a_broken_private_message_is_unreadable_but_keeps_its_number(broken):
    with pytest.raises(Unreadable) as unreadable:
        read({"update_id": 41, "message": message(text="тайна") | broken})
    assert unreadable.value.update_id == "41"
    assert "тайна" not in str(unreadable.value)
    assert len(str(unreadable.value)) <= 300


@pytest.mark.parametrize(
    ("body", "update_id"),
    [
        (b"", ""),
        (b"null", ""),
        (b"[]", ""),
        (b"{}", ""),
        (b'{"update_id": true}', ""),
        (b'{"update_id": -4}', ""),
        (b'{"update_id": 99999999999999999999999}', ""),
        (b'{"update_id": 9223372036854775808}', ""),
        (b'{"update_id": 41, "message": ', "41"),
        (b'{"update_id":41,"message":{"text":"\xff\xfe"}}', "41"),
        (b'{"update_id":41,"x":NaN}', "41"),
        (b'{"update_id":41,"x":1e999}', "41"),
        (b'{"update_id":41,"x":' + b"9" * 5000 + b"}", "41"),
        (b'{"update_id":41,"x":' + b"[" * 100_000 + b"}", "41"),
        (b'{"update_id":41,"x":' + b"[" * 200 + b"]" * 200 + b"}", "41"),
        (b'{"update_id":41,"x":"' + b"a" * (2 << 20) + b'"}', "41"),
        (b'{"text":"\\"update_id\\": 13', ""),
        ('{"update_id": 41}'.encode("utf-16"), ""),
    ],
)
def test_what_is_no_update_is_unreadable_and_numbered_where_possible(body, update_id):
    with pytest.raises(Unreadable) as unreadable:
        CHANNEL.parse(body)
    assert unreadable.value.update_id == update_id


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=6,
)
FIELDS = ["message_id", "date", "edit_date", "from", "chat", "text", "caption", "contact", "reply_to_message", "photo"]
broken_messages = st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=5).map(lambda some: message() | some)
KINDS = ["message", "edited_message", "my_chat_member", "callback_query", "channel_post", "new_kind"]
almost_updates = st.fixed_dictionaries(
    {"update_id": st.integers(0, 2**63 - 1) | json_values},
    optional=dict.fromkeys(KINDS, broken_messages | json_values),
)


def only_unreadable(body: bytes) -> None:
    try:
        incoming = CHANNEL.parse(body)
    except Unreadable:
        return
    assert all(one.update_id.isdigit() for one in incoming)
    text = "".join(f"{one.text}{one.person}" for one in incoming)
    assert "\x00" not in text
    text.encode("utf-8")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf{}")
def test_no_bytes_raise_anything_but_unreadable(body):
    only_unreadable(body)


@settings(max_examples=150, deadline=None)
@given(almost_updates)
def test_no_almost_update_raises_anything_but_unreadable(update):
    only_unreadable(json.dumps(update).encode())


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 150), st.integers(0, 255))
def test_no_damaged_update_raises_anything_but_unreadable(at, byte):
    body = bytearray(json.dumps({"update_id": 41, "message": message(text="Привет")}, ensure_ascii=False).encode())
    body[at] = byte
    only_unreadable(bytes(body))
