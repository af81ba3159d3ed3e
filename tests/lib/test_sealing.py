"""Secrets at rest: opened by the right keys only, and never shown."""

import traceback

import pytest

from offboarding.lib.sealing import NotASealingKey, NotOpenable, NotSealable, Sealer, new_key

CANARY = "canary-token-9f86d081"


def test_a_sealed_value_opens_and_does_not_show() -> None:
    sealer = Sealer([new_key()])
    sealed = sealer.seal(CANARY)
    assert CANARY not in sealed
    assert sealer.open(sealed) == CANARY
    assert sealer.seal(CANARY) != sealed


def test_an_old_key_still_opens_until_its_values_are_rotated() -> None:
    old, new = new_key(), new_key()
    sealed = Sealer([old]).seal(CANARY)
    both = Sealer([new, old])
    assert both.open(sealed) == CANARY
    rotated = both.rotate(sealed)
    assert Sealer([new]).open(rotated) == CANARY
    with pytest.raises(NotOpenable):
        Sealer([new]).open(sealed)


@pytest.mark.parametrize(
    "change", [lambda text: text[:-2] + "AA", lambda text: text[1:], lambda text: "", lambda text: "é"]
)
def test_a_changed_value_is_not_opened(change) -> None:  # type: ignore[no-untyped-def]
    sealer = Sealer([new_key()])
    sealed = sealer.seal(CANARY)
    for verb in (sealer.open, sealer.rotate):
        with pytest.raises(NotOpenable) as refused:
            verb(change(sealed))
        assert sealed not in "".join(traceback.format_exception(refused.value))


def test_no_error_shows_a_key_or_a_value() -> None:
    with pytest.raises(NotASealingKey, match="Sealing key 2") as refused:
        Sealer([new_key(), CANARY])
    assert CANARY not in "".join(traceback.format_exception(refused.value))
    with pytest.raises(NotSealable) as unsealed:
        Sealer([new_key()]).seal(CANARY + "\ud800")
    assert CANARY not in "".join(traceback.format_exception(unsealed.value))
    assert repr(Sealer([new_key()])) == "<Sealer>"


def test_at_least_one_key_is_needed() -> None:
    with pytest.raises(ValueError, match="At least one"):
        Sealer([])
