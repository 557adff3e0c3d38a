"""Names of schemas as text."""

from __future__ import annotations

from uuid import UUID

import pytest

from federation.schemas.ids import SchemaId, parse

VERSION = UUID("89791762-2336-4186-9674-299b90a802e2")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (SchemaId("id", 17), "17"),
        (SchemaId("global", 1 << 40), "global 1099511627776"),
        (SchemaId("content", 3), "content 3"),
        (SchemaId("guid", VERSION), f"guid {VERSION}"),
        (SchemaId("glue", VERSION), f"glue {VERSION}"),
        (SchemaId("fingerprint", 0xFF), "fingerprint 00000000000000ff"),
    ],
)
def test_a_name_is_read_as_it_is_written(name, text):
    """Dead letters and status say a name that finds its schema again."""
    assert str(name) == text
    assert parse(text) == name


@pytest.mark.parametrize("text", ["", "x", "glue 7", "nonsense 7", "guid"])
def test_what_is_no_name(text):
    """Anything else is refused."""
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)
