"""How names and queries become search terms. Pure; the same functions serve building and searching.

A CJK character is a token of its own, a run of other letters and digits is one. What FTS5 stores of the CJK
tokens is each character together with the one after it: any word is found from its first character up, and the
postings need no positions, which halves the index.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import msgspec

# Radicals, 々〆〇, kana, bopomofo, the unified ideographs with their extensions and compatibility forms.
_HAN: Final = (
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_TOKEN: Final = re.compile(rf"[{_HAN}]|[^\W_{_HAN}]+")
_IS_HAN: Final = re.compile(rf"[{_HAN}]").match
_NOT_IN_CODES: Final = re.compile(r"[.\-\s]+")
# Written either way in Taiwan; an apostrophe is left out by most who type.
_FOLDED: Final = str.maketrans({"臺": "台", "'": None, "’": None, "`": None})

# Patients and half the tables say 第2型, the other half 第二型.
_TYPE_NUMBER: Final = re.compile("(?<=第)[1-9](?=型)")
_NUMERALS: Final = "零一二三四五六七八九"

LONGEST_QUERY: Final = 80


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What a person typed, taken apart.

    ``code``: the code it may begin, without dots, empty when it can't be one. ``han``: an FTS5 expression over the
    CJK terms. ``words``: beginnings of words, all of which a name has to hold. ``phrases``: runs of tokens that it
    has to hold as they stand.
    """

    code: str = ""
    han: str = ""
    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()

    def accepts(self, name: str) -> bool:
        """Whether a Chinese name holds every phrase, its last word perhaps unfinished."""
        if not self.phrases:
            return True
        line = f" {' '.join(tokens(name))} "
        return all(phrase in line for phrase in self.phrases)


def tokens(text: str) -> list[str]:
    """Tokens in order: full-width forms made plain, letters small, accents and apostrophes gone."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        bare = "".join(char for char in decomposed if not unicodedata.combining(char))
        text = unicodedata.normalize("NFC", bare)
        text = _TYPE_NUMBER.sub(lambda digit: _NUMERALS[int(digit[0])], text)
    return _TOKEN.findall(text.casefold().translate(_FOLDED))


def code_key(code: str) -> str:
    """A code as it is compared: ``j06.9`` → ``J069``."""
    return _NOT_IN_CODES.sub("", code).upper()


def han_terms(found: list[str]) -> list[str]:
    """What is indexed for the CJK tokens of a name: each with its right neighbour, if that is CJK."""
    pairs = [
        token + (after if _IS_HAN(after) else "")
        for token, after in zip(found, [*found[1:], ""], strict=False)
        if _IS_HAN(token)
    ]
    return list(dict.fromkeys(pairs))


def word_terms(found: list[str]) -> list[str]:
    """What is indexed for the other tokens."""
    return list(dict.fromkeys(token for token in found if not _IS_HAN(token)))


def parse(query: str) -> Query:
    """Take a query apart. Any text is a query; what can't be searched for gives an empty one."""
    query = query[:LONGEST_QUERY]
    han: list[str] = []
    words: list[str] = []
    phrases: list[str] = []
    for chunk in query.split():
        found = tokens(chunk)
        if any(map(_IS_HAN, found)):
            phrases.append(_phrase(found))
        words += [token for token in found if not _IS_HAN(token)]
        han += _pairs(found)
    return Query(
        code=code_key(query) if query.isascii() else "",
        han=" AND ".join(
            f"{quoted(term)}*" if len(term) == 1 else quoted(term) for term in dict.fromkeys(han)
        ),
        words=tuple(dict.fromkeys(words)),
        phrases=tuple(phrases),
    )


def _phrase(found: list[str]) -> str:
    return f" {' '.join(found)}{' ' if _IS_HAN(found[-1]) else ''}"


def _pairs(found: list[str]) -> list[str]:
    """Pairs that a name must hold; a lone character stands for all pairs that it begins."""
    pairs: list[str] = []
    for at, token in enumerate(found):
        if not _IS_HAN(token):
            continue
        if at + 1 < len(found) and _IS_HAN(found[at + 1]):
            pairs.append(token + found[at + 1])
        elif at == 0 or not _IS_HAN(found[at - 1]):
            pairs.append(token)
    return pairs


def quoted(term: str) -> str:
    """A term as an FTS5 string. Tokens hold letters and digits only, so no quote can end it early."""
    return f'"{term}"'
