"""What a person would read of a text written as HTML; in one pass, whatever is open, nested or broken."""

import re
from html import unescape

_BLOCKS = frozenset({
    "address", "article", "aside", "br", "center", "dd", "div", "dl", "dt", "fieldset", "figure", "footer", "form",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
})  # fmt: skip
_INLINE = frozenset({
    "a", "abbr", "b", "big", "body", "code", "del", "em", "font", "html", "i", "img", "ins", "kbd", "label", "mark",
    "o:p", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "meta", "link", "base",
    "input", "button", "wbr",
})  # fmt: skip
_HIDDEN = frozenset({
    "head", "script", "style", "title", "template", "noscript",
})  # fmt: skip
_QUOTES = frozenset({"blockquote"})
_KNOWN = _BLOCKS | _INLINE | _HIDDEN | _QUOTES
_TAG = re.compile(
    r"<!--|-->|<!(?:doctype|\[)[^<>]{0,300}>|<(/?)([A-Za-z][A-Za-z0-9:]{0,15})((?:\s[^<>]{0,2000})?)/?>", re.I
)
_MARKUP = re.compile(
    r"</(?:p|div|span|a|b|i|em|strong|li|td|tr|table|body|html|font|h[1-6]|blockquote)>|<br ?/?>|"
    r"<(?:html|body|p|div|blockquote|style|script)[ >]",
    re.I,
)
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});")


def plain(text: str) -> str:
    """The text without markup: blocks on lines of their own, a quoted message's lines marked by `>`; else as it is.

    Only what HTML knows is a tag: `List<String>` stays.
    """
    marked = "<" in text and _MARKUP.search(text) is not None
    return unescape(_stripped(text)) if marked else _ENTITY.sub(_entity, text) if "&" in text else text


def _entity(found: re.Match[str]) -> str:
    return unescape(found.group())


def _stripped(text: str) -> str:
    pieces: list[str] = []
    hidden, comment, quoted, reached = "", False, 0, 0
    for found in _TAG.finditer(text):
        whole, name, closes = found.group(), (found.group(2) or "").lower(), bool(found.group(1))
        if name and name not in _KNOWN:
            continue
        if not hidden and not comment:
            pieces.append(_marked(text[reached : found.start()], quoted))
        reached = found.end()
        if whole in ("<!--", "-->"):
            comment = whole == "<!--"
        elif comment:
            continue
        elif hidden:
            hidden = "" if closes and name == hidden else hidden
        elif name in _HIDDEN and not closes:
            hidden = name
        elif name in _QUOTES:
            quoted = max(0, quoted - 1) if closes else quoted + 1
            pieces.append("\n> " if quoted else "\n")
        elif name in _BLOCKS:
            pieces.append("\n> " if quoted else "\n")
    if not hidden and not comment:
        pieces.append(_marked(text[reached:], quoted))
    return "".join(pieces)


def _marked(text: str, quoted: int) -> str:
    return text.replace("\n", "\n> ") if quoted else text
