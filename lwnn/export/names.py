"""Names for C: identifiers from file names, string literals from labels."""

import re

from lwnn.errors import UsageError

#: Words of C and C++, and what a sketch defines.
_TAKEN = """
alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl const
constexpr const_cast continue decltype default delete do double dynamic_cast else enum explicit
export extern false float for friend goto if inline int long main mutable namespace new noexcept
not not_eq nullptr operator or or_eq private protected public register reinterpret_cast restrict
return setup loop short signed sizeof static static_assert static_cast struct switch template
this thread_local throw true try typedef typeid typename union unsigned using virtual void
volatile wchar_t while xor xor_eq
"""
_LONGEST = 48
#: Bytes that mean themselves in a string of C: printable, but not ", \\ and ? (of trigraphs).
_PLAIN = frozenset(range(32, 127)) - frozenset(b'"\\?')


def identifier(text):
    """Make a name for C from a file's.

    >>> identifier("digits-ff.int8"), identifier("2nd model"), identifier("")
    ('digits_ff_int8', 'model_2nd_model', 'model')
    """
    name = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:_LONGEST].rstrip("_")
    return name if is_identifier(name) else f"model_{name}".rstrip("_")


def is_identifier(name):
    """Whether a model may have this name: a C identifier that is neither taken nor reserved."""
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*", name) and len(name) <= _LONGEST
    return bool(plain) and name not in _TAKEN.split() and not name.lower().startswith("lwnn")


def check_identifier(name):
    """Refuse a name that C cannot take.

    Raises
    ------
    UsageError
    """
    if not is_identifier(name):
        raise UsageError(
            f"--name {name}: expected letters, digits and single underscores, a letter first, at "
            f"most {_LONGEST}, no word of C, not beginning with lwnn"
        )


def string_literal(text):
    """`text` in UTF-8 as a C string; whatever C could misread stands as octal digits.

    Half a character, which JSON can hold and UTF-8 cannot, is spelt out.

    >>> string_literal('5 "big" ones?')
    '"5 \\\\042big\\\\042 ones\\\\077"'
    """
    codes = text.encode(errors="backslashreplace")
    return '"' + "".join(chr(b) if b in _PLAIN else f"\\{b:03o}" for b in codes) + '"'


def comment(text):
    """`text` as it may stand in a C comment: printable ASCII that does not end it."""
    ascii_ = "".join(c if " " <= c <= "~" else ascii(c)[1:-1] for c in text)
    # A backslash at the end of a line would join the next one.
    return ascii_.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?").rstrip("\\")
