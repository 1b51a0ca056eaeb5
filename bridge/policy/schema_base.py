"""The form of a mapping in rules.yaml, and of the texts in it."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, ModelWrapValidatorHandler, PrivateAttr
from pydantic import model_validator as validator

from bridge.policy.positions import Map, Path
from bridge.policy.values import Body


class Spec(BaseModel):
    """A mapping in rules.yaml that knows where it stands."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        coerce_numbers_to_str=True,
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
    )
    _path: Path = PrivateAttr(default=())

    @property
    def path(self) -> Path:
        """Where it stands in the document."""
        return self._path

    @validator(mode="wrap")
    @classmethod
    def _remember(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, Map):
            return handler(data)
        data.reader = cls
        made = handler(data)
        made._path = data.path  # noqa: SLF001 - its own attribute, in a constructor
        return made


class TextSpec(Spec):
    """A text in both languages."""

    ru: Body
    """По-русски."""
    en: Body
    """In English."""


def _in_both_languages(value: Any) -> Any:
    return {"ru": value, "en": value} if isinstance(value, str) else value


BothLanguages = Annotated[TextSpec, BeforeValidator(_in_both_languages, json_schema_input_type=str | TextSpec)]


class TextOverride(Spec):
    """A text of one's own instead of the shipped one; a language left out stays as shipped."""

    ru: Body | None = None
    """По-русски, Jinja2."""
    en: Body | None = None
    """In English, Jinja2."""
