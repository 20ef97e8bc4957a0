"""Long texts in pieces: nothing lost, nothing torn, nothing too long."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiguro_web.channels.splitting import length, split


def check(text: str, limit: int) -> list[str]:
    """The pieces, after making sure that they are the text and that only blanks lie between them."""
    pieces = split(text, limit)
    at = 0
    for piece in pieces:
        while text[at].isspace():
            at += 1
        assert text.startswith(piece, at)
        assert piece
        assert length(piece) <= max(limit, 2)
        at += len(piece)
    assert not text[at:].strip()
    return pieces


def test_a_short_text_stays_whole():
    assert split("Здравствуйте!\n\nЧем помочь?", 4096) == ["Здравствуйте!\n\nЧем помочь?"]


@pytest.mark.parametrize("blank", ["", " ", "\n\n\t"])
def test_a_blank_text_has_no_pieces(blank):
    assert split(blank, 10) == []


def test_the_edges_of_a_text_of_exactly_the_limit_do_not_count():
    assert split("  " + "я" * 10 + "\n", 10) == ["я" * 10]


def test_a_paragraph_is_the_first_choice():
    text = "Первое предложение. Второе.\n\nНовый абзац. Ещё одно предложение"
    assert check(text, 45) == ["Первое предложение. Второе.", "Новый абзац. Ещё одно предложение"]


def test_a_sentence_is_the_second():
    assert check("Раз два три. Четыре пять! Шесть семь восемь", 30) == [
        "Раз два три. Четыре пять!",
        "Шесть семь восемь",
    ]


def test_a_sentence_ends_with_its_quotation_mark():
    assert check("Он сказал: «Хватит!» Потом ушёл навсегда", 24) == ["Он сказал: «Хватит!»", "Потом ушёл навсегда"]


def test_a_dot_inside_a_word_ends_no_sentence():
    assert check("Смотрите на example.com подробности", 22) == ["Смотрите на", "example.com", "подробности"]


def test_a_line_break_ends_a_sentence():
    assert check("- первый пункт\n- второй пункт списка", 25) == ["- первый пункт", "- второй пункт списка"]


def test_a_word_is_the_third():
    assert check("один два три четыре", 12) == ["один два три", "четыре"]


def test_a_short_greeting_is_no_message_of_its_own():
    pieces = check("Да!\n\n" + "слово " * 30, 60)
    assert pieces[0].startswith("Да!\n\nслово")


def test_an_endless_word_is_cut_anyway():
    assert check("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]


@pytest.mark.parametrize("cluster", ["👨‍👩‍👧‍👦", "👍🏽", "🇷🇺", "е\u0301", "❤️", "🏴\U000e0067\U000e0062\U000e007f"])
def test_no_visible_character_is_torn(cluster):
    for lead in range(12):
        pieces = check("x" * lead + cluster * 12, 30)
        assert all(piece.replace("x", "").replace(cluster, "") == "" for piece in pieces)


def test_emoji_count_twice_so_that_a_piece_fits_however_telegram_counts():
    pieces = check("😀" * 4096, 4096)
    assert [len(piece) for piece in pieces] == [2048, 2048]


def test_a_pile_of_accents_does_not_stop_the_cut():
    assert [len(piece) for piece in check("a" + "\u0301" * 99, 50)] == [50, 50]


@pytest.mark.parametrize("noise", [" ", "\n", ".", "\u200d", "a ", ". ", "\n \n", "\u0301", "🇷"])
def test_a_megabyte_of_noise_is_cut_in_time(noise):
    started = time.monotonic()
    check("x" + noise * (200_000 // len(noise)) + "x", 4096)
    assert time.monotonic() - started < 3


texts = st.text(
    st.sampled_from(["а", "b", " ", "\n", ".", "!", "»", "😀", "\u200d", "🇷", "🇺", "\u0301", "👍", "🏽"])
    | st.characters()
)


@settings(max_examples=500, deadline=None)
@given(texts, st.integers(2, 40))
def test_any_text_is_kept_and_every_piece_is_within_the_limit(text, limit):
    check(text, limit)


@settings(max_examples=50, deadline=None)
@given(st.lists(texts, max_size=30), st.integers(1, 500))
def test_long_texts_too(parts, times):
    check(" ".join(parts) * times, 4096)
