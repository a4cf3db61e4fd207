"""Changes to bytes, of the kinds that files suffer and of those that somebody might think of."""

import copy
import json

_PIECES = (
    *(b",", b";", b"\t", b"|", b" ", b'"', b"'", b"\n", b"\r", b"\r\n", b"#", b"%", b"{", b"}"),
    *(b"?", b"nan", b"inf", b"-", b"1e400", b"1e-400", b"0x10", b"1_000", b"1,5", b"9" * 400),
    *(b"\0", b"\xff", b"\xef\xbb\xbf", "größe".encode(), "日本".encode("utf-16"), b"2024-01-01"),
    *(
        b"@data\n",
        b"@attribute a {x,y}\n",
        b"@relation r\n",
        b"PAR1",
        b"PK\x03\x04",
        b"\x1f\x8b\x08",
    ),
    *(b"\0\0\x08\x03", b"\0\0\x0d\x01", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"[[", b"a" * 5000),
)
_VALUES = (
    *(0, -1, 1, 2, 127, 128, 2**31, 2**63, 2**70, -(2**63), 1e308, -1e-308, 1e400, 0.5),
    *(None, True, False, "", "x", "\ud800", "a" * 300, [], {}, [[]], [None], {"a": 1}),
)


def mutate(content, rng, others):
    """Return `content` with a few changes.

    Parameters
    ----------
    content : bytes
    rng : random.Random
    others : list of bytes
        Files to take pieces from.
    """
    content = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        rng.choice((_insert, _insert, _delete, _repeat, _replace, _cut, _graft))(
            content, rng, others
        )
    return bytes(content)


def mutate_model(content, rng, others):
    """The same for a model file: in half of the cases its description alone, and well-formed."""
    if rng.random() < 0.5:
        return mutate(content, rng, others)
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    text = json.loads(header["__metadata__"]["lwnn"])
    for _ in range(rng.choice((1, 1, 2))):
        _change_value(header if rng.random() < 0.2 else text, rng)
    if isinstance(header.get("__metadata__"), dict):
        header["__metadata__"]["lwnn"] = json.dumps(text)
    new = json.dumps(header).encode()
    return len(new).to_bytes(8, "little") + new + content[8 + length :]


def _change_value(entries, rng):
    """Put something else in a random place of nested lists and dicts, or take it out."""
    place = entries
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = rng.choice(keys)
        inside = place[key]
        if not isinstance(inside, (dict, list)) or not inside or rng.random() < 0.2:
            break
        place = inside
    if rng.random() < 0.1:
        del place[key]
    elif isinstance(inside, (int, float)) and rng.random() < 0.3:
        place[key] = inside + rng.choice((-1, 1, 1000))
    else:
        # A copy, as it may be changed in its turn.
        place[key] = copy.deepcopy(rng.choice(_VALUES))


def _spot(content, rng):
    return rng.randrange(len(content) + 1)


def _insert(content, rng, _):
    spot = _spot(content, rng)
    content[spot:spot] = rng.choice(_PIECES)


def _delete(content, rng, _):
    spot = _spot(content, rng)
    del content[spot : spot + rng.randint(1, 12)]


def _repeat(content, rng, _):
    start, spot = _spot(content, rng), _spot(content, rng)
    content[spot:spot] = content[start : start + rng.randint(1, 60)] * rng.choice((1, 1, 2, 50))


def _replace(content, rng, _):
    spot = _spot(content, rng)
    content[spot : spot + 1] = bytes([rng.randrange(256)])


def _cut(content, rng, _):
    if rng.random() < 0.3:
        del content[_spot(content, rng) :]


def _graft(content, rng, others):
    other = rng.choice(others)
    start, spot = rng.randrange(len(other) + 1), _spot(content, rng)
    content[spot:spot] = other[start : start + rng.randint(1, 80)]
