"""The parts of a letter that say nothing of the problem, as people write them in eight languages: `letters.toml`.

Patterns are for single lines of bounded length, so that no text takes more than linear time.
"""

import re
import tomllib
from pathlib import Path

WRITTEN = Path(__file__).with_suffix(".toml")
"""The patterns, by part and language."""
_WRITTEN = tomllib.loads(WRITTEN.read_text(encoding="utf-8"))
_END = r"[\s,.!;:~、。，！；：…)\-–—🙂😊🙏👍]*\Z"
_MOST_WORDS = 7


def _any(part: str) -> str:
    """All languages' patterns of a part, those with the longest text first: of two that begin alike it wins."""
    found = patterns_of(part)
    return f"(?:{'|'.join(sorted(found, key=lambda pattern: (-len(pattern), pattern)))})"


def patterns_of(part: str) -> set[str]:
    """All languages' patterns of a part."""
    return {pattern for patterns in _WRITTEN[part].values() for pattern in patterns}


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


_WHO = rf"(?:[\s,]{{1,2}}{_any('who')}\b){{0,5}}"
_NAME = r"[^\W\d_][\w.'’-]{0,30}"
_ANYBODY = rf"(?:\s?[,.!]?\s?{_any('anybody')}\s?\?{{1,3}})"

PREFIX = _compiled(
    r"(?:\s{0,3}(?:re|aw|wg|fwd?|fw|tr|rv|res|enc|antw|sv|vs|ynt|rif|r|i|回复|答复|转发|返信|転送)\s?(?:\[\d{1,3}\])?\s?[:：]\s?|"
    r"\s?[\[【(](?:external|extern|externe|externo|esterno|外部|社外)(?:\s?(?:e-?mail|mail|sender|source))?[\])】]\s?[:：]?\s?|"
    r"\s?\[(?:ticket|case|request|vorgang|caso|anfrage|demande|chamado)\s?[#:]?\s?[a-z]{0,5}-?\d{1,12}\]\s?[:：]?\s?)+"
)
"""What mail programs put before a subject."""
_BRIEF = r"(?:hi|hello|hey|hallo|moin|servus|hola|salut|bonjour|ciao|salve|oi|ol[aá])"
GREETING = _compiled(
    rf"\s?(?:{_any('hello')}{_WHO}(?:[\s,]{{1,2}}{_NAME}|(?:\s(?-i:[A-ZÀ-Ý])[\w.'’-]{{0,30}}){{2,3}})?{_ANYBODY}?{_END}|"
    rf"{_any('dear')}(?:[\s,/&]{{1,3}}{_NAME}){{0,{_MOST_WORDS}}}\s?[,:;!]{_END}|"
    rf"{_any('dear')}(?:\s{_NAME}){{0,2}}{_END}|{_ANYBODY}\s?\Z)"
)
"""A line that only greets, perhaps somebody by name."""
GREETING_BEFORE = _compiled(
    rf"\s?(?:{_any('hello')}{_WHO}(?:\s{_NAME})?(?:{_ANYBODY}|\s?[,!:])[\s,!:]*|{_any('dear')}(?:\s{_NAME}){{0,4}}\s?[,!:]\s?|"
    rf"{_BRIEF}{_WHO}\s(?=\w)|{_ANYBODY}\s?|{_any('hello_cjk')}|{_any('note')}\s?[:：]\s?)"
)
"""A greeting, or an agent's note of a call, with text after it on the same line."""
CLOSING = _compiled(rf"\s?{_any('closing')}{_END}")
"""A line that takes leave; a signature may follow."""
MOBILE = _compiled(rf"\s?{_any('mobile')}.{{0,100}}\Z")
"""The line that a telephone adds."""
SYSTEM = _compiled(rf"\s?{_any('system')}\s*\Z")
"""A line of ticket systems and mail gateways."""
_FOOTERS = [(stem, re.compile(pattern, re.DOTALL)) for found in _WRITTEN["footer"].values() for stem, pattern in found]


def is_footer(paragraph: str) -> bool:
    """Whether this is what lawyers and mail systems put under a letter."""
    lower = paragraph.lower()
    return any(stem in lower and pattern.search(lower) is not None for stem, pattern in _FOOTERS)


QUOTE_HEAD = _compiled(rf"(?=.*(?:\d|@)).*{_any('wrote')}.{{0,120}}[:：]\s?\Z")
"""The line above an earlier message: when, who, wrote."""
INTRODUCTION = _compiled(r"(?=.*\d|.*@).{3,}[:：]\s?\Z")
"""What may be one where quoted lines follow."""
ORIGINAL = _compiled(rf"\s?[-_=*]{{2,20}}\s?{_any('original')}\s?[-_=*]{{2,20}}\s?\Z")
"""The line by which a mail program sets an earlier message apart."""
FORWARDED = _compiled(rf"\s?[-_=*]{{0,20}}\s?{_any('forwarded')}\s?[:：]?\s?[-_=*]{{0,20}}\s?\Z")
"""The same for a message that is handed on."""
FIELD = _compiled(rf"\s?\*?(?:({_any('sender')})|{_any('field')})\*?\s?[:：]\*?\s?\S")
"""A field of a message's head; the first group is there for its sender."""
SENDER = re.compile(rf"(?im)^[ \t>*]{{0,8}}{_any('sender')}\*?[ \t]?[:：]\*?[ \t]?([^\r\n]{{2,80}})$")
"""Who sent a quoted message; the first group."""
_ADDRESS = r"(?:[\w.+%-]{1,64}@[\w.-]{3,80}|(?:https?://|www\.)\S{1,100}|[(+]?\d[\d ()/.-]{6,24})"
REACH = _compiled(rf"\s?(?:{_any('reach')}\b\.?\s?[:：.]?\s?)?{_ADDRESS}\s?\Z")
"""A line that only says where somebody can be reached."""
