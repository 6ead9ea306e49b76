"""Words by which customers say that it cannot wait, in eight languages; ASCII letters are found in either case."""

import re

_DENIED_BEFORE = re.compile(
    r"(?:\b(?:not|n't|isn’t|no|non|never|nothing|nicht|keine?|kein|weder|pas|sans|não|nao|ni|sin|without)\b"
    r"(?:\W{1,3}\w{1,12}){0,2}\W{0,3}|(?:不是|并不|不|没有|非)\w?)\Z",
    re.IGNORECASE,
)
_DENIED_AFTER = re.compile(
    r"\A(?:\W{0,3}(?:nicht|keineswegs|pas)\b|(?:では|じゃ|で)(?:ない|なく|ありません|はない|はありません))",
    re.IGNORECASE,
)

WORDS = {
    "en": (
        "urgent", "urgently", "urgency", "asap", "a.s.a.p.", "as soon as possible", "immediately", "immediate",
        "emergency", "right away", "right now", "top priority", "highest priority", "high priority", "critical",
        "outage", "showstopper", "blocker", "straight away", "without delay", "time-critical", "mission-critical",
    ),
    "de": (
        "dringend", "dringende", "dringender", "dringlich", "sofort", "sofortige", "umgehend", "notfall", "eilt",
        "eilig", "höchste priorität", "hoechste prioritaet", "oberste priorität", "schnellstmöglich",
        "schnellstmoeglich", "so schnell wie möglich", "unverzüglich", "unverzueglich", "kritisch",
    ),
    "fr": (
        "urgent", "urgente", "urgents", "urgence", "au plus vite", "immédiatement", "immediatement", "immédiate",
        "dès que possible", "des que possible", "priorité absolue", "priorite absolue", "sans délai", "sans tarder",
        "critique", "le plus vite possible", "le plus rapidement possible",
    ),
    "es": (
        "urgente", "urgentes", "urgentemente", "urgentísimo", "urgentisimo", "urgencia", "cuanto antes",
        "lo antes posible", "inmediatamente", "de inmediato", "inmediata", "emergencia", "máxima prioridad",
        "maxima prioridad", "prioridad máxima", "crítico", "crítica", "sin demora",
    ),
    "it": (
        "urgente", "urgenti", "urgentemente", "urgentissimo", "urgenza", "al più presto", "al piu presto", "subito",
        "immediatamente", "immediata", "emergenza", "massima priorità", "massima priorita", "priorità massima",
        "prima possibile", "quanto prima", "critico", "critica",
    ),
    "pt": (
        "urgente", "urgentes", "urgentemente", "urgentíssimo", "urgentissimo", "urgência", "urgencia", "emergência",
        "emergencia", "imediatamente", "de imediato", "imediata", "o quanto antes", "quanto antes",
        "o mais rápido possível", "o mais rapido possivel", "prioridade máxima", "prioridade maxima", "crítico",
        "crítica",
    ),
    "ja": ("大至急", "至急", "緊急", "今すぐ", "最優先", "急ぎ", "早急", "直ちに", "一刻も早く",
           "できるだけ早く", "なる早"),
    "zh": (
        "十万火急", "紧急", "緊急", "加急", "立刻", "马上", "馬上", "立即", "尽快", "盡快", "最高优先级", "最高優先級",
        "火速", "刻不容缓",
    ),
}  # fmt: skip

ALL = tuple(sorted({form for words in WORDS.values() for word in words for form in (word, word.upper(), word.title())}))
"""Each word once, also with a capital and in capitals, where letters outside ASCII need it."""


def denied(text: str, start: int, end: int) -> bool:
    """Whether what stands beside the word takes it back: `not urgent`, `es eilt nicht`, `緊急ではありません`."""
    return bool(_DENIED_BEFORE.search(text[max(0, start - 30) : start]) or _DENIED_AFTER.match(text[end : end + 16]))
