"""The board's addresses: what they show, to whom, and what a press on it answers."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Dialog, Funnel
from aiguro_web.models.dialog import DialogStatus
from aiguro_web.pages import deal_cards
from aiguro_web.services import deal_board, dialog_moves, dialogs, funnels
from tests.doors import sign_in
from tests.people import HOME, People, Person

BOARD = "/dashboard/deals"
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def plain_forms(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    enter_organization(HOME)


@pytest.fixture
def funnel(app: Flask) -> int:
    return db.session.scalars(select(Funnel.id).where(Funnel.org_id == HOME)).one()


@pytest.fixture
def deal(who: People, funnel: int) -> UUID:
    uuid = dialogs.create(who.manager.actor, funnel, name="Пётр <Первый>").uuid
    db.session.commit()
    return uuid


@pytest.fixture
def manager(app: Flask, who: People) -> FlaskClient:
    return sign_in(app, who.manager)


def fresh(uuid: UUID) -> Dialog:
    enter_organization(HOME)
    return db.session.scalars(select(Dialog).where(Dialog.uuid == uuid).execution_options(populate_existing=True)).one()


def told(answer: TestResponse) -> dict[str, Any]:
    """The events that an answer sets off in the page."""
    return json.loads(answer.headers.get("HX-Trigger", "{}"))


def text_of(client: FlaskClient, path: str, status: int = 200, **headers: str) -> str:
    g.pop("_login_user", None)  # the tests' application context outlives a request, and Flask-Login remembers there
    answer = client.get(path, headers=headers)
    assert answer.status_code == status, answer.get_data(as_text=True)[:300]
    return answer.get_data(as_text=True)


def shown(page: str) -> str:
    """What the browser would say of the columns it shows."""
    columns = re.findall(r'data-stage="(\d+)".*?data-digest="(\w+)"', page)
    return ",".join(f"{stage}.25.{digest}" for stage, digest in columns)


def test_the_page_shows_columns_and_cards_and_escapes_them(manager: FlaskClient, funnel: int, deal: UUID) -> None:
    page = text_of(manager, f"{BOARD}?funnel={funnel}")
    assert page.count('class="column"') == 3
    assert "Пётр &lt;Первый&gt;" in page
    assert f'id="deal-{deal}"' in page
    assert "Новая сделка" in page
    assert "data-move=" in page


def test_a_viewer_sees_the_board_and_cannot_write(app: Flask, who: People, funnel: int, deal: UUID) -> None:
    viewer = sign_in(app, who.viewer)
    page = text_of(viewer, f"{BOARD}?funnel={funnel}")
    assert f'id="deal-{deal}"' in page
    assert "Новая сделка" not in page
    assert "data-move=" not in page
    for path, form in (
        ("move", {"stage": "closing"}), ("terms", {"price": "1"}), ("assign", {"manager": ""}),
        ("closing", {"outcome": "won"}), ("reopen", {}),
    ):  # fmt: skip
        assert viewer.post(f"{BOARD}/{deal}/{path}", data=form, headers=HTMX).status_code == 403
    assert viewer.post(f"{BOARD}/new", data={"name": "Я"}, headers=HTMX).status_code == 403


def test_all_funnels_are_sections_under_their_names(manager: FlaskClient, who: People, deal: UUID) -> None:
    funnels.create(who.admin.actor, "Вторая")
    db.session.commit()
    page = text_of(manager, f"{BOARD}?funnel=0")
    assert page.count('class="column"') == 6
    assert ">Вторая</h2>" in page


def test_a_refresh_brings_only_what_has_changed(manager: FlaskClient, who: People, funnel: int, deal: UUID) -> None:
    page = text_of(manager, f"{BOARD}?funnel={funnel}")
    ask = f"{BOARD}/board?funnel={funnel}&columns={shown(page)}"
    assert manager.get(ask, headers=HTMX).status_code == 204
    enter_organization(HOME)
    dialog_moves.move_to_stage(who.admin.actor, deal, "closing")
    db.session.commit()
    changed = text_of(manager, ask, **HTMX)
    assert re.findall(r'data-code="(\w+)"', changed) == ["qualification", "closing"]
    assert changed.count("hx-swap-oob") == 2


def test_a_page_that_shows_other_columns_gets_the_whole_board(manager: FlaskClient, funnel: int) -> None:
    answer = manager.get(f"{BOARD}/board?funnel={funnel}&columns=1.5.x,nonsense,7..", headers=HTMX)
    assert (answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == ("#board", "morph")
    assert answer.get_data(as_text=True).count('class="column"') == 3


def test_more_cards_of_a_column_continue_it(
    manager: FlaskClient, who: People, funnel: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deal_board, "CARDS", 2)
    for number in range(5):
        dialogs.create(who.manager.actor, funnel, name=f"Клиент {number}")
    db.session.commit()
    page, names = text_of(manager, f"{BOARD}?funnel={funnel}"), []
    for _ in range(3):
        names += re.findall(r"Клиент \d", page)
        more = re.search(r'id="more-\d+" hx-get="([^"]+)"', page)
        page = text_of(manager, more[1].replace("&amp;", "&"), **HTMX) if more else ""
    assert sorted(names) == [f"Клиент {number}" for number in range(5)]


def test_a_move_gives_the_board_its_card_and_both_heads(
    manager: FlaskClient, who: People, funnel: int, deal: UUID
) -> None:
    stages = [row["id"] for row in deal_board.list_stages(who.viewer.actor, funnel)]
    target = {**HTMX, "HX-Target": f"deal-{deal}"}
    form = {"stage": "closing", "now": "qualification"}
    answer = manager.post(f"{BOARD}/{deal}/move?funnel={funnel}", data=form, headers=target)
    page = answer.get_data(as_text=True)
    assert page.count('class="column-head"') == page.count('hx-swap-oob="morph"') == 2
    assert f'id="deal-{deal}"' in page
    assert fresh(deal).stage_id == stages[2]
    undo = told(answer)["toast"]["undo"]
    assert manager.post(undo, headers=HTMX).status_code == 204
    assert fresh(deal).stage_id == stages[0]
    assert manager.post(undo, headers=HTMX).status_code == 204  # it is there already
    assert manager.post(f"{BOARD}/{deal}/move", data={**form, "now": "closing"}, headers=target).status_code == 409


def test_other_screens_are_told_to_look_again(manager: FlaskClient, deal: UUID) -> None:
    for path, form in (
        ("move", {"stage": "closing"}), ("terms", {"price": "12 500,50", "tags": "опт, срочно , опт", "close_ratio": "40"}),
        ("assign", {"manager": "manager@test.example"}), ("closing", {"outcome": "lost", "lost_reason": "Дорого"}),
        ("reopen", {}),
    ):  # fmt: skip
        answer = manager.post(f"{BOARD}/{deal}/{path}", data=form, headers=HTMX)
        assert answer.status_code == 204, path
        assert told(answer)["refresh"] == {"names": ["dialogs", f"dialog-{deal}"]}
    dialog = fresh(deal)
    assert (str(dialog.price), dialog.tags, dialog.close_ratio) == ("12500.50", ["опт", "срочно"], 40)
    assert (dialog.status, dialog.manager_id is not None) == (DialogStatus.active, True)


@pytest.mark.parametrize("form", [
    {"price": "x"}, {"price": "-1"}, {"price": "1e5"}, {"price": "1.234"}, {"price": "9" * 15}, {"close_ratio": "101"},
    {"close_ratio": "x"}, {"tags": "ё" * 41}, {"tags": ",".join(map(str, range(21)))}, {"description": "x" * 5001},
])  # fmt: skip
def test_terms_that_cannot_be_are_refused(manager: FlaskClient, deal: UUID, form: dict[str, str]) -> None:
    assert manager.post(f"{BOARD}/{deal}/terms", data=form, headers=HTMX).status_code in (400, 422)


def test_what_is_not_sent_stays(manager: FlaskClient, deal: UUID) -> None:
    manager.post(f"{BOARD}/{deal}/terms", data={"price": "7", "description": "слова"}, headers=HTMX)
    manager.post(f"{BOARD}/{deal}/terms", data={"tags": ""}, headers=HTMX)
    assert (fresh(deal).price, fresh(deal).description) == (7, "слова")
    manager.post(f"{BOARD}/{deal}/terms", data={"price": "", "close_ratio": ""}, headers=HTMX)
    assert (fresh(deal).price, fresh(deal).close_ratio) == (0, 0)


def test_a_lost_deal_must_say_why_and_can_be_taken_back(manager: FlaskClient, deal: UUID) -> None:
    ask = text_of(manager, f"{BOARD}/{deal}/closing?outcome=lost", **HTMX)
    assert 'value="lost" checked' in ask
    assert "Выбрал других" in ask
    again = manager.post(f"{BOARD}/{deal}/closing", data={"outcome": "lost", "lost_reason": " "}, headers=HTMX)
    assert again.status_code == 422
    assert "Напишите, почему" in again.get_data(as_text=True)
    assert manager.post(f"{BOARD}/{deal}/closing", data={"outcome": "?"}, headers=HTMX).status_code == 422
    done = manager.post(f"{BOARD}/{deal}/closing", data={"outcome": "lost", "lost_reason": "Дорого"}, headers=HTMX)
    assert {"close-modal", "toast", "refresh"} <= set(told(done))
    assert (fresh(deal).outcome, fresh(deal).lost_reason) == ("lost", "Дорого")
    assert manager.post(told(done)["toast"]["undo"], headers=HTMX).status_code == 204
    assert (fresh(deal).status, fresh(deal).outcome) == (DialogStatus.active, None)


def test_how_a_closed_deal_ended_can_be_corrected_without_opening_it(manager: FlaskClient, deal: UUID) -> None:
    manager.post(f"{BOARD}/{deal}/closing", data={"outcome": "closed"}, headers=HTMX)
    assert "Просто закрыть" not in text_of(manager, f"{BOARD}/{deal}/closing", **HTMX)
    done = manager.post(f"{BOARD}/{deal}/closing", data={"outcome": "won"}, headers=HTMX)
    assert "undo" not in told(done)["toast"]
    assert (fresh(deal).status, fresh(deal).outcome) == (DialogStatus.closed, "won")


def test_a_new_deal_begins_with_a_name_a_stage_and_a_price(manager: FlaskClient, funnel: int) -> None:
    page = text_of(manager, f"{BOARD}/new?funnel={funnel}", **HTMX)
    stages = re.findall(r'<option[^>]* value="(\d+)"', page)
    assert len(stages) == 3
    wrong = manager.post(f"{BOARD}/new?funnel={funnel}", data={"name": " ", "stage": "0", "price": "x"}, headers=HTMX)
    assert wrong.status_code == 422
    assert wrong.get_data(as_text=True).count('class="field-error"') == 3
    form = {"name": "Ольга", "stage": stages[1], "price": "1000"}
    assert manager.post(f"{BOARD}/new?funnel={funnel}", data=form, headers=HTMX).status_code == 204
    enter_organization(HOME)
    dialog = db.session.scalars(select(Dialog).order_by(Dialog.id.desc())).first()
    assert dialog is not None
    assert (str(dialog.stage_id), dialog.price) == (stages[1], 1000)


def test_the_filters_form_becomes_a_short_address_with_chips(manager: FlaskClient, funnel: int, who: People) -> None:
    me = who.manager.actor.user_id
    form = f"{BOARD}?funnel={funnel}&search=&manager={me}&channel=&price_from=100&price_to="
    answer = manager.get(form)
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{BOARD}?funnel={funnel}&manager={me}&price=100.."
    page = text_of(manager, answer.headers["Location"])
    assert "Менеджер: Михаил Менеджер" in page
    assert "от 100" in page


def test_a_kept_card_is_never_anothers_and_never_stale(
    app: Flask, who: People, manager: FlaskClient, funnel: int, deal: UUID
) -> None:
    assert "Сообщений пока нет" in text_of(manager, f"{BOARD}?funnel={funnel}")
    before = deal_cards._made.cache_info().misses
    assert f'id="deal-{deal}"' in text_of(sign_in(app, who.viewer), f"{BOARD}?funnel={funnel}")
    assert deal_cards._made.cache_info().misses == before
    stranger = text_of(sign_in(app, who.stranger), f"{BOARD}?funnel={funnel}")
    assert str(deal) not in stranger
    enter_organization(HOME)
    dialog_moves.set_terms(who.admin.actor, deal, dialog_moves.Terms(tags=["новая"]))
    db.session.commit()
    assert "новая" in text_of(manager, f"{BOARD}?funnel={funnel}")


def test_another_organisations_deal_is_not_there(app: Flask, who: People, deal: UUID) -> None:
    stranger: Person = who.stranger
    client = sign_in(app, stranger)
    for path in ("move", "terms", "assign", "closing", "reopen"):
        form = {"stage": "closing", "outcome": "won"}
        assert client.post(f"{BOARD}/{deal}/{path}", data=form, headers=HTMX).status_code == 404
    assert client.get(f"{BOARD}/{deal}/closing", headers=HTMX).status_code == 404
