"""Stores by what they have in common: an attribute and its value, as addresses and forms say it."""

from dataclasses import dataclass
from typing import Any

from fastapi import HTTPException
from pydantic import BeforeValidator

from api.errors import quoted
from api.ui.shell import Reader

# Of a parameter that a form leaves empty.
EMPTY_IS_NONE = BeforeValidator(lambda said: None if said == "" else said)
# SQL for the stores of a group, of whose attribute and value it asks.
IN_GROUP = "store_id in (select store_id from store_groups where attribute = ? and value = ?)"
# Longer lists are no choice any more; the search finds what is in them.
_VALUES_MAX = 200


@dataclass(frozen=True)
class Group:
    """The stores with a value of an attribute."""

    attribute: str
    value: str

    def __str__(self) -> str:
        return f"{self.attribute}:{self.value}"


def read_groups(said: list[str] | None) -> list[Group]:
    """Return groups as an address has them, `region:East`.

    Raises HTTPException 422 for one without a value.
    """
    groups = []
    for each in said or ():
        attribute, colon, value = each.partition(":")
        if each and not (attribute and colon and value):
            raise HTTPException(
                422,
                f"group: {quoted(each)} is not an attribute and its value, such as region:East.",
            )
        if each:
            groups.append(Group(attribute, value))
    return groups


def attributes_of(reader: Reader, chosen: list[Group]) -> list[dict[str, Any]]:
    """Return the attributes to choose from, each with its values; those of all stores.

    A value that was chosen is among them, whatever it is.
    """
    values: dict[str, list[str]] = {}
    if reader.stores is None:
        found = reader.rows(
            """
            select attribute, value from group_status
            where attribute <> 'all' and value is not null
            order by attribute, value
            """
        )
        for each in found:
            values.setdefault(each["attribute"], []).append(each["value"])
    by_name = {each.attribute: each.value for each in chosen}
    for name, value in by_name.items():
        if value not in values.setdefault(name, []):
            values[name].append(value)
    return [
        {"name": name, "values": known, "chosen": by_name.get(name)}
        for name, known in values.items()
        if len(known) <= _VALUES_MAX or name in by_name
    ]
