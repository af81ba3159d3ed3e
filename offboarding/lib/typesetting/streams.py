"""Makes the ends of the streams in a PDF plain to every reader.

A stream's last byte may happen to be a carriage return. Then it and the line feed before "endstream" look like one
line end, and strict validators say that the stream's length is wrong (ISO 19005-2, 6.1.7.1). One more byte, after the end
of the packed data, where readers ignore it, removes the doubt.
"""

import re

_DOUBTFUL = b"\r\nendstream\n"
_LENGTH = re.compile(rb"/Length (\d+)")
_ENTRY = 20  # bytes of one line of the table of objects (ISO 32000-1, 7.5.4)
_TABLE = re.compile(rb"xref\n0 (\d+)\n")
_END = re.compile(rb"startxref\n(\d+)\n%%EOF\s*\Z")


def settle(pdf: bytes) -> bytes:
    """The same document, with no packed stream that ends in a carriage return. The usual one comes back as it is.

    Takes a PDF with one classical table of objects, as typst writes it; of another form, it comes back as it is.
    """
    end = _END.search(pdf)
    if _DOUBTFUL not in pdf or end is None:
        return pdf
    start = int(end[1])
    table = _TABLE.match(pdf, start)
    if table is None:
        return pdf
    first, count = table.end(), int(table[1])
    lines = range(first + _ENTRY, first + _ENTRY * count, _ENTRY)
    places = [int(pdf[at : at + 10]) for at in lines]
    body, moved = _rebuild(pdf[:start], sorted(places))
    return (
        body + _moved_table(pdf[start : end.start()], table.end() - start, moved, places) + _tail(len(body))
    )


def _rebuild(body: bytes, places: list[int]) -> tuple[bytes, dict[int, int]]:
    """The objects one after the other, and where each of them stands now."""
    made, moved = bytearray(body[: places[0]]), dict[int, int]()
    for start, end in zip(places, [*places[1:], len(body)], strict=True):
        moved[start] = len(made)
        made += _settled(body[start:end])
    return bytes(made), moved


def _settled(piece: bytes) -> bytes:
    at = piece.rfind(_DOUBTFUL)
    head = piece.find(b"stream\n")
    length = _LENGTH.search(piece, 0, head)
    if at < 0 or length is None or b"/FlateDecode" not in piece[:head]:
        return piece
    longer = b"/Length %d" % (int(length[1]) + 1)
    return piece[: length.start()] + longer + piece[length.end() : at + 1] + b"\0" + piece[at + 1 :]


def _moved_table(table: bytes, first: int, moved: dict[int, int], places: list[int]) -> bytes:
    made = bytearray(table)
    for number, place in enumerate(places, start=1):
        at = first + _ENTRY * number
        made[at : at + 10] = b"%010d" % moved[place]
    return bytes(made)


def _tail(start: int) -> bytes:
    return b"startxref\n%d\n%%%%EOF" % start
