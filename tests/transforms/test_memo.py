"""What is remembered of texts stays within bounds."""

from __future__ import annotations

from transforms.memo import MAX_LENGTH, MAX_TEXTS, remembered


def test_a_text_is_looked_at_once_unless_it_is_long():
    seen = []

    @remembered
    def length(text: str | None) -> int:
        seen.append(text)
        return len(text or "")

    long = "x" * (MAX_LENGTH + 1)
    for text in ("a", "a", None, None, long, long):
        assert length(text) == len(text or "")
    assert seen == ["a", None, long, long]


def test_only_the_latest_texts_are_remembered():
    seen = []

    @remembered
    def itself(text: str) -> str:
        seen.append(text)
        return text

    for number in range(MAX_TEXTS + 1):
        itself(str(number))
    itself(str(MAX_TEXTS))
    assert len(seen) == MAX_TEXTS + 1
    itself("0")
    assert len(seen) == MAX_TEXTS + 2
