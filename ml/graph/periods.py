"""Stretches of time as people name them: `since May`, `in the last 30 days`, `im März 2026`, `先月`."""

import re
from datetime import UTC, datetime, timedelta

Period = tuple[datetime | None, datetime | None]
_MONTHS = (
    r"jan\w*|gennaio|ene\w*", r"feb\w*|f[ée]v\w*|fev\w*", r"mar[czsç]\w*|märz", r"a[pvb]r\w*", r"ma[yi]o?|maggio",
    r"jun\w*|juin|giugno|jui?nho", r"jul\w*|juil\w*|luglio", r"aug\w*|ao[uû]t|ago\w*", r"sep\w*|set\w*",
    r"o[ckt]t\w*|out\w*", r"nov\w*", r"d[eé][cz]\w*|dic\w*",
)  # fmt: skip
_MONTH = "|".join(f"(?P<m{at}>{names})" for at, names in enumerate(_MONTHS, 1))
_SINCE = r"since|seit|depuis|desde|dal?|from|ab"
_IN = r"in|im|en|em|during|au mois de"
_NAMED = re.compile(rf"(?i)\b(?P<how>{_SINCE}|{_IN})\s+(?:{_MONTH})\b\.?(?:\s+(?:de\s+)?(?P<year>20\d\d))?")
_DATED = re.compile(rf"(?i)\b(?:{_SINCE})\s+(?P<date>20\d\d-\d\d-\d\d)\b")
_DAY = r"days?|tage?n?|jours?|d[ií]as?|giorni|dias?"
_WEEK = r"weeks?|wochen?|semaines?|semanas?|settiman[ae]"
_LONG = r"months?|monate?n?|mois|mes(?:es)?|m[eê]s|mes[ei]"
_LAST = r"last|past|letzten?|vergangenen?|derni[eè]re?s?|[uú]ltim[oa]s?|ultim[oaie]|passad[oa]"
_AGO = re.compile(rf"(?i)\b(?:{_LAST})\s+(?:(?P<n>\d{{1,3}})\s+)?(?:(?P<d>{_DAY})|(?P<w>{_WEEK})|(?P<l>{_LONG}))\b")
_AFTER = re.compile(
    rf"(?i)\b(?:(?P<d>jours?)|(?P<w>semaine|semana|settimana)|(?P<l>mois|mes|mês|mese))\s+(?:{_LAST})\b"
)
_EAST = re.compile(
    r"(?:過去|最近|过去|直近)?(?P<n>\d{1,3})?(?:(?P<d>日間|日|天)|(?P<w>先週|上周|週間|周)|(?P<l>先月|上个月|か月|ヶ月|个月))"
)


def period(question: str, now: datetime) -> Period:
    """The first stretch of time that a question names: from, to (exclusive); open ends are None.

    A month without a year is the last one of that name that has begun by `now`.
    """
    if dated := _DATED.search(question):
        try:
            return datetime.fromisoformat(dated["date"]).replace(tzinfo=UTC), None
        except ValueError:
            return None, None
    if named := _NAMED.search(question):
        month = next(at for at in range(1, 13) if named[f"m{at}"])
        year = int(named["year"]) if named["year"] else now.year - (month > now.month)
        start = datetime(year, month, 1, tzinfo=UTC)
        after = datetime(year + (month == 12), month % 12 + 1, 1, tzinfo=UTC)
        return start, None if re.fullmatch(rf"(?i){_SINCE}", named["how"]) else after
    for pattern in (_AGO, _AFTER, _EAST):
        if found := pattern.search(question):
            count = int((found.groupdict().get("n") or "1") or 1)
            days = 1 if found["d"] else 7 if found["w"] else 30
            return now - timedelta(days=days * count), None
    return None, None
