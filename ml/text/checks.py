"""Whether what looks like a card, an account, an address, a phone number or a secret can be one."""

import ipaddress
import math
import re
from collections import Counter

_KEY = re.compile(r"[A-Za-z]{1,12}[-_](?:[a-z]{2,8}[-_])?[A-Za-z0-9]{16,}")
_GROUP = re.compile(r"[0-9]+\)?")
_LONG_HEX = re.compile(r"[0-9a-fA-F]+")
IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18,
    "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SD": 18,
    "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22,
    "VG": 24, "XK": 20,
}  # fmt: skip
"""Characters of an account number by country (IBAN registry of SWIFT)."""
_ALGORITHM = re.compile(
    r"(?:sha|md|aes|base|utf|oauth|ldap|tls|ssl|http|ipv|bcrypt|argon|pbkdf|ntlmv|saml|rsa|x|v)-?[0-9]+[a-z]*|[0-9]+[a-z-]+",
    re.I,
)
_SECRET_LENGTH, _SECRET_BITS = 40, 3.6


def card_end(text: str) -> int:
    """How many characters are a card number of 13 to 19 digits with a valid check digit (Luhn; ISO/IEC 7812)."""
    digits = [int(letter) for letter in text if letter.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) if place % 2 else digit for place, digit in enumerate(reversed(digits)))
    return len(text) if 13 <= len(digits) <= 19 and len(set(digits)) > 1 and sum(doubled) % 10 == 0 else 0


def iban_end(text: str) -> int:
    """How many characters are an account number: its country's length, the right remainder (ISO 13616, modulo 97)."""
    length = IBAN_LENGTHS.get(text[:2].upper(), 0)
    places = [place for place, letter in enumerate(text) if letter.isalnum()]
    if not length or len(places) < length:
        return 0
    end = places[length - 1] + 1
    plain = "".join(letter for letter in text[:end] if letter.isalnum())
    if text[end : end + 1].isalnum():
        return 0
    return end if int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97 == 1 else 0


def is_address(text: str) -> bool:
    """Whether it is an IPv4 or IPv6 address (RFC 791, 4291); of the latter only with a digit, as C++ has `a::b`."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(letter.isdigit() for letter in text)


def phone_end(text: str) -> int:
    """How many characters are a phone number: seven to fifteen digits (ITU-T E.164), not all the same.

    Of more digits, groups up to where a card number follows, or else as many as fit: numbers are written in a row.
    """
    ends = [group.end() for group in _GROUP.finditer(text)]
    if not ends or _is_phone(text):
        return len(text) if ends else 0
    fitting = [end for end in ends if _is_phone(text[:end])]
    before_card = [end for end in fitting if card_end(text[end:])]
    return max(before_card or fitting, default=0)


def _is_phone(text: str) -> bool:
    digits = [letter for letter in text if letter.isdigit()]
    return 7 <= len(digits) <= 15 and len(set(digits)) > 1


def is_secret(text: str) -> bool:
    """Whether it looks drawn by chance: after a word like `password`, a digit; else hex, or mixed and of high entropy.

    Entropy in bits per character: Shannon, "A mathematical theory of communication" (1948).
    """
    digit = any(letter.isdigit() for letter in text)
    if len(text) < 32:
        return digit
    if _LONG_HEX.fullmatch(text):
        return digit and len(set(text)) >= 6
    mixed = digit and any(letter.isupper() for letter in text) and any(letter.islower() for letter in text)
    share = [count / len(text) for count in Counter(text).values()]
    return mixed and len(text) >= _SECRET_LENGTH and -sum(p * math.log2(p) for p in share) >= _SECRET_BITS


def is_stated(text: str) -> bool:
    """Whether what follows `the password is` can be one: small letters and digits, or a key with its prefix."""
    small = any(letter.islower() for letter in text)
    return small and (any(letter.isdigit() for letter in text) or _KEY.fullmatch(text) is not None)


def is_beside(text: str) -> bool:
    """Whether what follows the word `password` alone can be one: letters and digits mixed, no measure, no algorithm.

    Without a small letter it needs a sign, as codes of errors have capitals and underscores.
    """
    letter, digit = any(letter.isalpha() for letter in text), any(letter.isdigit() for letter in text)
    sign = any(not (letter.isalnum() or letter in "_-") for letter in text)
    small = any(letter.islower() for letter in text)
    return letter and digit and (small or sign) and _ALGORITHM.fullmatch(text) is None


def is_social(text: str) -> bool:
    """Whether it can be a social security number of the United States: neither area 000, 666 nor 9xx, no zero part."""
    digits = "".join(letter for letter in text if letter.isdigit())
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return len(digits) == 9 and area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"
