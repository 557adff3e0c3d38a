"""How large a record may become in a topic."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from federation.mapping.sizes import size

BYTES = st.none() | st.binary(max_size=50)
HEADERS = st.none() | st.lists(st.tuples(st.text(max_size=9), BYTES), max_size=9)


@given(BYTES, BYTES, HEADERS)
def test_what_is_written_is_counted(key, value, headers):
    """Each byte of key, value and headers, and 16 for each header, which the engine counts too."""
    written = sum(len(n.encode()) + len(v or b"") + 16 for n, v in headers or ())
    assert size(key, value, headers) == 1024 + len(key or b"") + len(value or b"") + written
