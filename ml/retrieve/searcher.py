"""From a question to solutions, articles and past tickets: every stage that is there, and which ones were not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from ml.retrieve.evidence import DENSE, FEATURES, KEYWORD, Evidence, Walk, Walked, alike, evidence, fused
from ml.retrieve.filters import Filters
from ml.retrieve.found import Fared, Found, FoundArticle, FoundSolution, FoundTicket, Tried, reason
from ml.retrieve.index import Candidates, Index
from ml.retrieve.question import Question
from ml.retrieve.ranker import Ranker
from ml.retrieve.remedies import Remedies
from ml.retrieve.scope import Scope
from ml.retrieve.stages import stage
from ml.retrieve.standing import Standing
from ml.retrieve.trust import shares
from warehouse.errors import NotMaterialized

TICKETS, ARTICLES, SOLUTIONS = "indexes/tickets", "indexes/articles", "indexes/solutions"
Floats = NDArray[np.float64]
Scores = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Searcher:
    """What one release searches with; a part that it does not have is None. Threads may share one."""

    tickets: Index | None
    articles: Index | None
    remedies: Remedies | None
    ranker: Ranker | None
    walk: Walk | None
    issue_of: Mapping[str, str]
    faults: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with parts, by name, that are not there because they are damaged."""
    standing: Standing | None = None
    """How solutions and articles fare by now; None: as the release has it."""

    def find(self, question: Question, filters: Filters | None = None, k: int = 10, *, full: bool = False) -> Found:
        """The k best of each kind; `full`: with all that the order of solutions rests on.

        Raises `NotMaterialized` where there is nothing to search.

        Fall-backs: without a ranker the votes of alike tickets decide, without a graph text alone, without an encoder
        words alone.
        """
        if self.tickets is None:
            raise NotMaterialized(TICKETS, "run `ticketlake build`")
        used = ["keyword", *(["dense"] if question.shared is not None and self.tickets.meaning else [])]
        within = Scope.of(filters, self.tickets, self.remedies)
        with stage("tickets"):
            near = _alike(question, self.tickets, within.allowed)
        scores = self._fused(near)
        solutions: list[FoundSolution] = []
        past = within.as_of is not None
        if within.remedies is not None:
            with stage("graph"):
                walked = self._walked(question, alike(self.tickets, near, scores), within)
            with stage("evidence"):
                found = evidence(
                    question,
                    near,
                    scores,
                    index=self.tickets,
                    remedies=within.remedies,
                    discriminant=self.ranker.discriminant if self.ranker is not None else None,
                    walked=walked,
                )
            told = FEATURES if full else STAGES
            with stage("ranker"):
                divided = self.shares(found) if past else self._by_now(found, within.remedies, question)
            solutions = _solutions(found, divided, walked, (self.tickets, within.remedies), stages=told, k=k)
            if not past:
                solutions = [
                    msgspec.structs.replace(one, now=self._fared(one.solution_id, question)) for one in solutions
                ]
            used += [name for name, there in (("graph", self.walk), ("ranker", self.ranker)) if there is not None]
        with stage("articles"):
            articles = self._articles(question, within, k)
        return Found(
            solutions=solutions,
            articles=articles,
            tickets=self._tickets(near, scores, within, k),
            used=used,
            missing=self._missing(question) | within.empty,
            release="",
            versions={},
        )

    def shares(self, found: Evidence) -> Floats:
        """How the belief that something helps is divided among the candidates, (c,): softmax of the ranker's scores, or
        shares of the votes."""
        if not len(found.solutions):
            return np.empty(0)
        return shares(self.ranker.scores(found) if self.ranker is not None else found.column("fused"))

    def _by_now(self, found: Evidence, remedies: Remedies, question: Question) -> Floats:
        """Shares moved by how the candidates fare by now, on the question's version where that is known."""
        divided = self.shares(found)
        if self.standing is None or not len(divided):
            return divided
        places = found.solutions.tolist()
        names = [remedies.ids[place] for place in places]
        known = {name: float(remedies.rates[place]) for name, place in zip(names, places, strict=True)}
        return self.standing.moved(divided, names, known, (question.product, question.product_version))

    def _fared(self, name: str, question: Question) -> Fared | None:
        version = (question.product, question.product_version)
        return self.standing.fared(name, version) if self.standing is not None else None

    @property
    def enough(self) -> float | None:
        """The score from which a first solution is trusted; None where none was learned."""
        return self.ranker.enough if self.ranker is not None else None

    def _walked(self, question: Question, tickets: Mapping[str, float], within: Scope) -> Walked:
        if self.walk is None or within.nothing:
            return {}
        if within.tickets is None:
            return self.walk(question, tickets)
        return self.walk(question, tickets, within.as_of, within.tickets)

    def _fused(self, near: Candidates) -> Scores:
        keyword = self.ranker.keyword if self.ranker is not None else KEYWORD
        return fused(near, keyword if near.dense.any() else 1.0, DENSE)

    def _tickets(self, near: Candidates, scores: Scores, within: Scope, k: int) -> list[FoundTicket]:
        best = np.argsort(-scores, kind="stable")[:k]
        rows = within.index.documents.select("ticket_id", "title", "created_at")[near.places[best]]
        remedies = within.remedies
        solved = remedies.solved_by(near.places[best]) if remedies is not None else [None] * len(best)
        return [
            FoundTicket(
                ticket_id=name,
                title=title,
                score=float(scores[at]),
                scores={"keyword": float(near.keyword[at]), "dense": float(near.cosines[at])},
                created_at=created,
                solution_id=solution,
                issue_id=self.issue_of.get(name),
            )
            for at, (name, title, created), solution in zip(best, rows.iter_rows(), solved, strict=True)
        ]

    def _articles(self, question: Question, within: Scope, k: int) -> list[FoundArticle]:
        if self.articles is None or within.hopeless(self.articles):
            return []
        near = _alike(question, self.articles, within.mask(self.articles))
        scores = self._fused(near)
        order = np.argsort(-scores, kind="stable")
        articles = self.articles.documents["article_id"].gather(near.places[order]).to_list()
        first: dict[str, int] = {}
        for article, at in zip(articles, order.tolist(), strict=True):
            first.setdefault(article, at)
        best = list(first.values())[:k]
        columns = ("article_id", "passage_id", "title", "path", "body", "updated_at")
        rows = self.articles.documents.select(columns)[near.places[best]].rename({"body": "text"})
        return [
            FoundArticle(
                **row,
                score=float(scores[at]),
                scores={"keyword": float(near.keyword[at]), "dense": float(near.cosines[at])},
                now=self._fared(str(row["article_id"]), question),
            )
            for at, row in zip(best, rows.iter_rows(named=True), strict=True)
        ]

    def _missing(self, question: Question) -> dict[str, str]:
        parts = {
            "dense": question.shared,
            SOLUTIONS: self.remedies,
            ARTICLES: self.articles,
            "models/ranker": self.ranker,
            "indexes/graph": self.walk,
        }
        told = {name: self.faults.get(name, WHY[name]) for name, part in parts.items() if part is None}
        indexes = (("dense", TICKETS, self.tickets), (ARTICLES, ARTICLES, self.articles))
        for name, asset, index in indexes:
            if index is not None and not index.meaning:
                told[name] = f"searched by words alone: {self.faults.get(asset, f'the vectors of {asset} are lost')}"
        return told


STAGES = ("keyword", "dense", "fused", "discriminant", "rate", "graph")
WHY = {
    "dense": "there is no encoder: searched by words alone",
    SOLUTIONS: "not materialized: run `ticketlake build`",
    ARTICLES: "not materialized: run `ticketlake build`",
    "models/ranker": "not materialized: ordered by the votes of alike tickets; run `ticketlake build --learn`",
    "indexes/graph": "not materialized: searched without it; run `ticketlake build`",
}


def _solutions(
    found: Evidence, divided: Floats, walked: Walked, within: tuple[Index, Remedies], *, stages: Sequence[str], k: int
) -> list[FoundSolution]:
    index, remedies = within
    told = []
    for at in np.argsort(-divided, kind="stable")[:k].tolist():
        place = int(found.solutions[at])
        name = remedies.ids[place]
        tried = Tried(
            attempts=int(remedies.attempts[place]),
            successes=int(remedies.successes[place]),
            rate=float(remedies.rates[place]),
            last_at=remedies.last_at(place),
        )
        path = walked[name][1] if name in walked else None
        tickets = [index.ids[at] for at in found.tickets(place)]
        scores = {one: round(float(found.column(one)[at]), 4) for one in stages}
        told.append(
            FoundSolution(
                solution_id=name,
                text=remedies.texts[place],
                score=float(divided[at]),
                scores=scores,
                tried=tried,
                tickets=tickets,
                path=path,
                reason=reason(tried, len(tickets), scores, path),
            )
        )
    return told


def _alike(question: Question, index: Index, allowed: Bools | None) -> Candidates:
    near = index.search(question.asked, question.shared, allowed)
    if question.ticket_id is None or index.key != "ticket_id":
        return near
    others = [index.ids[place] != question.ticket_id for place in near.places.tolist()]
    return near.take(np.array(others, dtype=bool))
