"""What results cite: solutions and articles, by their ids."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import Parameter

from api.problems import BadRequest
from api.state import Parts
from operations.entries import NAME_LENGTH
from service import knowledge as service
from service.knowledge import Article, Solution

Id = Annotated[str, Parameter(min_length=1, max_length=NAME_LENGTH)]


class SolutionView(msgspec.Struct, frozen=True, kw_only=True):
    """A canonical solution."""

    solution: Solution
    release: str


class ArticleView(msgspec.Struct, frozen=True, kw_only=True):
    """An article of the knowledge base."""

    article: Article
    release: str


@get("/v1/solutions/{solution_id:str}", operation_id="getSolution", tags=["search"], sync_to_thread=True)
def get_solution(parts: Parts, solution_id: Id) -> SolutionView:
    """One canonical solution: what agents wrote of it, and how often it helped on all tickets."""
    opened = parts.serving.opened()
    found = service.solution(opened, solution_id)
    if found is None:
        raise BadRequest(f"no solution {solution_id!r} is known", status=HTTPStatus.NOT_FOUND)
    return SolutionView(solution=found, release=opened.release.id)


@get("/v1/articles/{article_id:str}", operation_id="getArticle", tags=["search"], sync_to_thread=True)
def get_article(parts: Parts, article_id: Id) -> ArticleView:
    """One article of the knowledge base, in passages, as it is searched."""
    opened = parts.serving.opened()
    found = service.article(opened, article_id)
    if found is None:
        raise BadRequest(f"no article {article_id!r} is known", status=HTTPStatus.NOT_FOUND)
    return ArticleView(article=found, release=opened.release.id)
