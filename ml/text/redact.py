"""What identifies a person or opens a door is replaced by its kind: `[EMAIL]`, `[PHONE]`, `[CARD]`, ...

Searched again until nothing is found, so that redacting what is redacted changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import polars as pl

from ml.text.checks import card_end, iban_end, is_address, is_beside, is_secret, is_social, is_stated, phone_end
from ml.text.fold import narrow
from ml.text.spans import FILLER, Alternative, Words, at_edges, compile_alternatives, find, find_words, put, searchable

KINDS = ("email", "phone", "card", "iban", "ip", "ssn", "token", "person")
ROUNDS = 8
_EDGE = r"(?-u:\b)"
_CUE = (
    r"(?i:(?-u:\b)(?:tel|phone|fax|mobile?|cell|handy|telefon|telefono|tel[eé]fono|t[eé]l[eé]phone|telefone|celular|portable)"
    r"(?-u:\b)\.?|電話番号|電話|电话|手机)(?:[ :：.]|no\.?){0,4}"
)
_NAMES_OF_SECRETS = (
    r"(?i:password|passwd|passphrase|pwd|secret|api[ _-]?key|access[ _-]?key|access[ _-]?token|token|passwort|kennwort|"
    r"contraseña|mot de passe|senha|パスワード|密码)"
)
_NAMED = _NAMES_OF_SECRETS + r"[\"']?[ \t]{0,3}[:=：][ \t]{0,3}[\"']?"
_IS = (
    r"(?i:(?:[ \t]{0,2}[:=]|[ \t](?:is|was|ist|war|lautet|est|es|è|é|number|code|nummer)\b|[ \t]?(?:は|是|为)){0,2}"
    r"[ \t]{0,2}[:=]?[ \t]{0,2})"
)
_PIN = (
    r"(?i:(?-u:\b)(?:pin|puk|passcode|pass code|pincode|pin-code|cvv2?|cvc2?|otp|tan|one[- ]time (?:code|password)|"
    r"verification code|geheimzahl|code pin|code secret|c[oó]digo pin|codice pin)(?-u:\b)|暗証番号|验证码|支付密码)"
) + _IS
_SSN = r"(?i:(?-u:\b)(?:ssn|social security(?: number| no\.?)?)[ :#]{1,3}(?:is )?)"
_AT, _DOT = r"(?i:at|ät|@|arroba|chiocciola|arobase)", r"(?i:dot|punkt|punto|point|ponto)"
_SPELLED_DOT = rf"(?:\.| ?[(\[{{<] ?(?:{_DOT}|\.) ?[)\]}}>] ?| {_DOT} )"
_OPENING = r"(?i:password|passwd|passphrase|pwd|passwort|kennwort|contraseña|mot de passe|senha|パスワード|密码)"
_DIGITS_STATED = _OPENING + r"(?i:[ \t](?:is|was|ist|lautet|est|es|è|é)[ \t]|[ \t]?(?:は|是)[ \t]?)"
_STATED = _NAMES_OF_SECRETS + r"(?i:[ \t](?:is|was|ist|war|lautet|est|es|è|é)[ \t]|[ \t]?(?:は|是)[ \t]?)[\"']?"
_ALTERNATIVES: list[Alternative] = [
    ("", "", r"\[(?:EMAIL|PHONE|CARD|IBAN|IP|SSN|TOKEN|PERSON)\]"),
    ("token", "", r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\r\n\t ]+"
     r"-----END [A-Z ]{0,30}PRIVATE KEY-----"),
    ("email", "", r"[A-Za-z0-9À-ɏ._%+'-]{1,64}@(?:[A-Za-z0-9À-ɏ-]{1,63}\.){1,6}[A-Za-z]{2,24}" + _EDGE),
    ("email", "", _EDGE + r"[A-Za-z0-9._%+-]{1,64} ?[(\[{<] ?" + _AT + r" ?[)\]}>] ?"
     + rf"(?:[A-Za-z0-9-]{{1,63}}{_SPELLED_DOT}){{1,6}}[A-Za-z]{{2,24}}" + _EDGE),
    ("email", "", _EDGE + r"[A-Za-z0-9._%+-]{1,64} " + _AT
     + rf" (?:[A-Za-z0-9-]{{1,63}} {_DOT} ){{1,5}}[A-Za-z]{{2,24}}" + _EDGE),
    ("token", "", _EDGE + r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?"),
    ("token", _EDGE + r"(?i:bearer|basic) ", r"[A-Za-z0-9._~+/-]{16,}={0,2}"),
    ("token", "", _EDGE + r"[A-Za-z]{1,12}[_-](?:live|test|prod|secret)[_-][A-Za-z0-9]{10,}" + _EDGE),
    ("token", "", _EDGE + r"(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|shpat_|npm_|pypi-|hf_|dop_v1_|sq0[a-z]{3}-|"
     r"ya29\.|SG\.|key-|sk-)[A-Za-z0-9_.-]{15,}[A-Za-z0-9]"),
    ("token", "", _EDGE + r"(?:A3T|AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{16}" + _EDGE),
    ("token", "", _EDGE + r"AIza[A-Za-z0-9_-]{35}"),
    ("secret", _NAMED, r"[!#-&(-+\-./0-:<-Z\\^-~]{5,}[!#-&*+\-/0-9<-Z\\^-~]"),
    ("token", _DIGITS_STATED, r"[0-9]{4,12}" + _EDGE),
    ("stated", _STATED, r"[!#-&(-+\-./0-:<-Z\\^-~]{5,}[#-&*+/0-9<-Z\\^-~]"),
    ("beside", _OPENING + r"[ \t]{1,2}[\"'“„«]?", r"[!#-&*+\-0-9?@A-Z^_a-z~]{5,}[!#-&*+0-9?A-Z^a-z~]"),
    ("token", _PIN, r"[0-9]{4,8}" + _EDGE),
    ("ssn", r"(?:(?m:^)|[^0-9A-Za-z+.-])", r"[0-8][0-9]{2}-[0-9]{2}-[0-9]{4}" + _EDGE),
    ("ssn", _SSN, r"[0-8][0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{4}" + _EDGE),
    ("iban", "", _EDGE + r"[A-Z]{2}[0-9]{2}(?:[ \x{a0}-]?[A-Z0-9]{4}){2,7}(?:[ \x{a0}-]?[A-Z0-9]{1,3})?" + _EDGE),
    ("card", "", _EDGE + r"(?:3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}|"
     r"[2-6][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{1,7})" + _EDGE),
    ("", "", _EDGE + r"[0-9]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}" + _EDGE),
    ("secret", "", _EDGE + r"(?:[0-9a-fA-F]{32,}|[A-Za-z0-9+/_-]{40,}={0,2})"),
    ("iban", "", _EDGE + r"[a-z]{2}[0-9]{2}(?:[ \x{a0}-]?[a-z0-9]{4}){0,2}(?:[ \x{a0}-]?[0-9]{4}){2,7}"
     r"(?:[ \x{a0}-]?[a-z0-9]{1,3})?" + _EDGE),
    ("iban", "", _EDGE + r"[A-Za-z]{2}[0-9]{2}[a-zA-Z0-9]{11,30}" + _EDGE),
    ("", r"(?i:version|release|(?-u:\b)v\.?)[ :：]{0,2}", r"[0-9]+(?:\.[0-9]+){2,4}" + _EDGE),
    ("ip", "", _EDGE + r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}" + _EDGE),
    ("ip", "", r"(?:" + _EDGE + r"[0-9A-Fa-f]{1,4}|:):(?:[0-9A-Fa-f]{0,4}:){0,6}"
     r"(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}|[0-9A-Fa-f]{1,4})"
     + _EDGE),
    ("", "", _EDGE + r"(?:[0-9]{4}[-./][0-9]{1,2}[-./][0-9]{1,2}|[0-9]{1,2}[-./][0-9]{1,2}[-./][0-9]{4})"
     r"(?:[T ][0-9]{1,2}:[0-9]{2})?" + _EDGE),
    ("phone", "", r"(?:\(\+[0-9]{1,3}\)|\+[0-9]{1,3}|" + _EDGE + r"00[1-9][0-9]{0,2})"
     r"(?:[ \x{a0}./-]?\(?[0-9]{1,12}\)?){1,7}"),
    ("phone", _CUE, r"[(+]?[0-9](?:[ ()./-]{0,2}[0-9]){5,33}" + _EDGE),
    ("phone", "", r"(?:\(0[0-9]{1,4}\)|" + _EDGE + r"0[0-9]{1,4})[ /-]{1,2}[0-9]{2,8}(?:[ -][0-9]{2,6}){0,8}" + _EDGE),
    ("phone", "", r"(?:\([2-9][0-9]{2}\) ?|" + _EDGE + r"[2-9][0-9]{2}[-. ])[2-9][0-9]{2}[-. ][0-9]{4}" + _EDGE),
]  # fmt: skip
_COMPILED = compile_alternatives(_ALTERNATIVES)
_CHECKS: Mapping[str, Callable[[str], int]] = {
    "card": card_end,
    "iban": iban_end,
    "ip": is_address,
    "phone": phone_end,
    "secret": is_secret,
    "stated": is_stated,
    "beside": is_beside,
    "ssn": is_social,
}
"""By kind: whether a candidate is one, or how many of its characters are."""


def redact(texts: pl.Series, names: Words | Iterable[str] = ()) -> tuple[pl.Series, pl.DataFrame]:
    """The texts without what identifies, never null, and where it stood.

    Spans: text (index), kind (one of `KINDS`), start, end (characters of the text given, end exclusive), in order.
    `names` are found in any case, a name of a single word only as it is written or in capitals. Cards need a valid
    check digit (ISO/IEC 7812, Luhn), accounts one too (ISO 13616, modulo 97), addresses must be ones (RFC 791, 4291).
    Full-width letters, signs and digits of any script count as plain ones.
    """
    said = searchable(texts)
    masked = pl.Series(said.name, [narrow(text) for text in said], dtype=pl.String)
    known = names if isinstance(names, Words) else people(names)
    rounds = []
    for number in range(ROUNDS):
        fresh = _patterns(masked)
        if not number:
            fresh = pl.concat([fresh, _names(put(masked, fresh, _fillers(fresh)), known)])
        if fresh.is_empty():
            break
        rounds.append(fresh)
        masked = put(masked, fresh.sort("text", "start"), _fillers(fresh.sort("text", "start")))
    if not rounds:
        return said, pl.DataFrame(schema=_SCHEMA)
    spans = pl.concat(rounds).sort("text", "start")
    return put(said, spans, [f"[{kind.upper()}]" for kind in spans["kind"]]), spans


_SCHEMA = {"text": pl.Int64, "kind": pl.String, "start": pl.Int64, "end": pl.Int64}


def people(names: Iterable[str]) -> Words:
    """Names made ready for many calls of `redact`; of a single letter they are left out."""
    return Words.of({name.strip(): "person" for name in names if len(name.strip()) >= 2})


def _patterns(texts: pl.Series) -> pl.DataFrame:
    found = find(texts, _COMPILED).filter(pl.col("kind") != "")
    if found.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    ends = [_held(kind, value) for kind, value in found.select("kind", "value").iter_rows()]
    kept = found.with_columns(
        end=pl.col("start") + pl.Series(ends, dtype=pl.Int64),
        kind=pl.col("kind").replace(["secret", "stated", "beside"], "token"),
    )
    return kept.filter(pl.col("end") > pl.col("start")).select(list(_SCHEMA))


@lru_cache(maxsize=10_000)
def _held(kind: str, value: str) -> int:
    """How many characters of a candidate are what they look like; 0 if it is something else."""
    found = _CHECKS[kind](value) if kind in _CHECKS else True
    return len(value) if found is True else int(found)


def _names(texts: pl.Series, names: Words) -> pl.DataFrame:
    found = find_words(texts, names)
    if found.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    whole = [any(letter.isspace() for letter in value) or names.as_written(value) for value in found["value"]]
    return found.filter(at_edges(texts, found) & pl.Series(whole, dtype=pl.Boolean)).select(list(_SCHEMA))


def _fillers(spans: pl.DataFrame) -> list[str]:
    return [FILLER * (end - start) for start, end in spans.select("start", "end").iter_rows()]
