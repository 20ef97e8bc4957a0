"""The notation of the demo's talks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aiguro_web.demo import clients, script
from aiguro_web.demo.script import Line

WRITTEN = """== Стол {дубовый|ясеневый} | client olga | ago {3m|2d} | price {10|20} | tags а, б | end lost: Дорого
К(photo) Вот такой {дуб|ясень}
А Красиво // Сколько нужно?
! requested
М(failed: нет связи) Здравствуйте
"""


@pytest.fixture
def talks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[script.Talk]:
    (tmp_path / "wood.txt").write_text(WRITTEN, "utf-8")
    monkeypatch.setattr(script, "TALKS", tmp_path)
    return script.read_talks("wood")


def test_a_talk_is_told_as_often_as_its_time_has_alternatives(talks: list[script.Talk]) -> None:
    assert [(talk.title, talk.ago, talk.price) for talk in talks] == [
        ("Стол дубовый", "3m", 10),
        ("Стол ясеневый", "2d", 20),
    ]
    assert talks[1].lines[0] == Line("К", "Вот такой ясень", "photo")


def test_every_kind_of_line_is_read(talks: list[script.Talk]) -> None:
    assert talks[0].tags == ("а", "б")
    assert talks[0].end == "lost: Дорого"
    assert talks[0].lines[1:] == (
        Line("А", "Красиво\nСколько нужно?"),
        Line("!", "requested"),
        Line("М", "Здравствуйте", "failed: нет связи"),
    )


def test_a_line_that_nobody_says_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wood.txt").write_text("== Стол | client olga | ago 3m\nЗдравствуйте", "utf-8")
    monkeypatch.setattr(script, "TALKS", tmp_path)
    with pytest.raises(ValueError, match="Здравствуйте"):
        script.read_talks("wood")


@pytest.mark.parametrize("line", ["furniture", "repair", "other"])
def test_the_talks_that_we_ship_leave_no_sign_of_the_notation(line: str) -> None:
    known = {person.key for person in clients.DEMO + clients.OTHER}
    for talk in script.read_talks(line):
        assert talk.client in known
        for said in talk.lines:
            assert not re.search(r"[{}|]|//", said.text), said.text
            assert "  " not in said.text
        assert any(said.kind == "К" for said in talk.lines)
