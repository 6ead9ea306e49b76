"""Texts in plainer letters of the same number, so that what is found in them stands at the same places."""

import unicodedata
from functools import cache

_ASCII = range(0x21, 0x7F)
_SOURCES = (range(0xC0, 0x250), range(0x1E00, 0x1F00))
_WIDE = (range(0xFE50, 0xFE70), range(0xFF00, 0xFF5F), range(0x1D400, 0x1D800))


def fold(text: str) -> str:
    """Without accents (canonical decomposition); as many characters as before."""
    return text if text.isascii() else text.translate(_accents())


def narrow(text: str) -> str:
    """Full-width and mathematical letters, signs and digits of all scripts as ASCII (Unicode NFKC, UAX 15)."""
    return text if text.isascii() else text.translate(_narrow())


@cache
def _accents() -> dict[int, str]:
    return {
        code: base
        for codes in _SOURCES
        for code in codes
        if (base := unicodedata.normalize("NFD", chr(code))[0]).isascii()
    }


@cache
def _narrow() -> dict[int, str]:
    wide = {
        code: plain for codes in _WIDE for code in codes if len(plain := unicodedata.normalize("NFKC", chr(code))) == 1
    }
    digits = {
        code: str(unicodedata.decimal(chr(code)))
        for code in range(0x660, 0x20000)
        if unicodedata.category(chr(code)) == "Nd"
    }
    return {code: plain for code, plain in (wide | digits).items() if ord(plain) in _ASCII}
