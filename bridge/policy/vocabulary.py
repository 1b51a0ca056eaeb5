"""Words that rules.yaml may use where the choice is fixed (policy, "What is included"), and "did you mean"."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from bridge.core.model import TRIAGE

INCLUDED: Final = MappingProxyType(
    {
        "product-info": "разъяснения по назначению продуктов",
        "compatibility": "разъяснения по совместимости с продуктами третьих фирм",
        "os-install": "помощь в установке и настройке ОС для тестирования",
        "third-party-install": "консультации по установке ПО третьих фирм",
        "software-selection": "консультации по подбору ПО из дистрибутивов / репозитория",
        "vm-workstation": "подготовка типового АРМ в виртуальной среде",
        "feature-question": "ответы на вопросы о наличии функционала",
        "solution-advice": "консультации о возможности получить функциональный результат",
        "hardware-test": "помощь в тестировании оборудования на совместимость",
        "demo-stand": "подготовка или предоставление готовых стендов для демонстрации",
        "bug-report": "приём информации об ошибках и недочётах в продуктах",
        "partner-advice": "рекомендации по партнёрам",
    }
)
NOT_INCLUDED: Final = MappingProxyType(
    {
        "licensed-support": "техподдержка уже закупленных лицензий",
        "project-work": "сервисная и проектная деятельность",
    }
)
KINDS: Final = (*INCLUDED, *NOT_INCLUDED, TRIAGE)

ALL: Final = "all"
OTHERS: Final = "others"
OFF: Final = "off"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The remedy for a mistyped word: the nearest known one, else all of them if they are few, else nothing."""
    names = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {names[close[0]]!r}?"
    return f"known: {', '.join(names.values())}" if 0 < len(names) <= 20 else ""
