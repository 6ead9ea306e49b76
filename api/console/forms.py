"""What a form may say: short texts under known names."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from litestar.enums import RequestEncodingType
from litestar.params import Body
from msgspec import Meta

from api.bodies import refused
from service.console.acts import Used

T = TypeVar("T")
Form = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.URL_ENCODED)]
Short = Annotated[str, Meta(max_length=200)]
Nonce = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]


class LabelForm(msgspec.Struct, frozen=True, kw_only=True):
    """`choice` is a button that stands for a label; without one, `value` was typed."""

    target: Short
    nonce: Nonce
    choice: Short = ""
    value: Short = ""
    shown: Short = ""
    prediction_id: Short = ""
    reason: Annotated[str, Meta(max_length=2_000)] = ""


class SuggestionForm(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one thing that was found."""

    search_id: Short
    target_id: Short
    outcome: Used


class SignInForm(msgspec.Struct, frozen=True, kw_only=True):
    """The key that somebody typed."""

    key: Short


class ReviewForm(msgspec.Struct, frozen=True, kw_only=True):
    """`choice` is a button that stands for another label, `value` was typed; `skip`: one cannot tell."""

    choice: Short = ""
    value: Short = ""
    skip: Short = ""


class DecisionForm(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of an incident."""

    action: Literal["acknowledge", "dismiss"]
    reason: Annotated[str, Meta(max_length=2_000)] = ""


def form_of(sent: Mapping[str, Any], kind: type[T]) -> T:
    """The form as `kind`; fields that it does not know are passed over. Raises `BadRequest`."""
    try:
        return msgspec.convert({name: str(value).replace("\x00", "") for name, value in sent.items()}, kind)
    except msgspec.ValidationError as error:
        raise refused(error) from None
