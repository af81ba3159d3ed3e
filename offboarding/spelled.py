"""SQL that is worked out once in each process.

For each query Django works out its SQL anew, which takes several times as long as the database takes to answer. That is no
matter for a page, and is most of what a step costs. What each step asks and writes goes through here: the same query sets and
the same models, with the same values in the same places.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, Generic, TypeVar

from django.db import connection, models
from django.db.models.expressions import DatabaseDefault
from django.db.models.functions import Now
from django.db.models.query import ModelIterable
from django.db.models.query import get_related_populators as populators

Value = int | str | date
T = TypeVar("T")
M = TypeVar("M", bound=models.Model)

# Its types are those of another version.
related: Callable[..., Sequence[Any]] = populators
# Where a query set is built with these, a value will be: nothing else in a query is equal to one of them. Each number fits into
# the smallest column, or Django would know that nothing is found.
MARKS: dict[str, Callable[[int], Value]] = {
    "int": lambda n: 31_000 + n,
    "str": lambda n: f"a value that is given later, number {n}",
    "date": lambda n: date(1801, 1, 1 + n),
}


class Asked(Generic[T]):
    """`build` gives a query set for values, each annotated as `int`, `str` or `date`: `Asked(build)(*values)` is its rows.

    The values stand for themselves: none is None, and their number and kinds never change what the query is.
    """

    def __init__(self, build: Callable[..., models.QuerySet[Any, T]]) -> None:
        self.build = build
        self.kinds = [each.annotation for each in inspect.signature(build).parameters.values()]
        self.known: dict[str, Worked] = {}

    def __call__(self, *values: Value) -> list[T]:
        worked = self.known.get(connection.vendor) or self.work_out()
        with connection.cursor() as cursor:
            cursor.execute(worked.sql, worked.given(values))
            rows = cursor.fetchall()
        return [worked.made(row) for row in rows]

    def first(self, *values: Value) -> T | None:
        return next(iter(self(*values)), None)

    def work_out(self) -> Worked:
        marks = [MARKS[kind](n) for n, kind in enumerate(self.kinds)]
        self.known[connection.vendor] = worked = Worked(self.build(*marks), marks)
        return worked


class Worked:
    """One query set as SQL: where its values go, and what becomes of a row."""

    def __init__(self, rows: models.QuerySet[Any, Any], marks: Sequence[Value]) -> None:
        compiler: Any = rows.query.get_compiler(connection=connection)
        self.sql, self.params = compiler.as_sql()
        there = [adapted(mark) for mark in marks]
        self.places = [(at, there.index(each)) for at, each in enumerate(self.params) if each in there]
        assert {mark for _, mark in self.places} == set(range(len(marks))), (
            "a value has no place in the query"
        )
        columns = [each for each, *_ in compiler.select[: compiler.col_count]]
        self.converters: Mapping[int, Any] = compiler.get_converters(columns)
        self.flat = not issubclass(rows._iterable_class, ModelIterable) and len(columns) == 1
        self.model = None
        if issubclass(rows._iterable_class, ModelIterable):
            self.read_as(compiler)

    def read_as(self, compiler: Any) -> None:
        chosen = compiler.klass_info["select_fields"]
        self.own = slice(chosen[0], chosen[-1] + 1)
        self.names = [each.target.attname for each, *_ in compiler.select[self.own]]
        self.beside = related(compiler.klass_info, compiler.select, connection.alias)
        self.extra = compiler.annotation_col_map or {}
        self.model = compiler.klass_info["model"]

    def given(self, values: Sequence[Value]) -> list[Any]:
        params = list(self.params)
        for at, mark in self.places:
            params[at] = adapted(values[mark])
        return params

    def made(self, row: Sequence[Any]) -> Any:
        if self.converters:
            row = self.converted(list(row))
        if self.model is None:
            return row[0] if self.flat else tuple(row)
        made = self.model.from_db(connection.alias, self.names, row[self.own])
        for each in self.beside:
            each.populate(row, made)
        for name, at in self.extra.items():
            setattr(made, name, row[at])
        return made

    def converted(self, row: list[Any]) -> list[Any]:
        for at, (converters, column) in self.converters.items():
            for converter in converters:
                row[at] = converter(row[at], column, connection)
        return row


def adapted(value: Value) -> Any:
    """As the database takes it."""
    return connection.ops.adapt_datefield_value(value) if isinstance(value, date) else value


# ---------------------------------------------------------------- rows that are new


def add(row: M) -> M:
    """What `row.save()` does with a new row: no more than its insertion, and its number."""
    fields = fields_of(row)
    key = row._meta.pk
    assert key is not None
    asked = f"{insertion(type(row), fields)} RETURNING {quoted(key.column)}"
    with connection.cursor() as cursor:
        cursor.execute(asked, list(values_of(row, fields)))
        (row.pk,) = cursor.fetchone()
    row._state.adding, row._state.db = False, connection.alias
    return row


def add_each(rows: Sequence[models.Model]) -> None:
    """All of one kind, with the same fields given, in one statement. They do not learn their numbers."""
    if not rows:
        return
    fields = fields_of(rows[0])
    asked = insertion(type(rows[0]), fields, len(rows))
    with connection.cursor() as cursor:
        cursor.execute(asked, [value for row in rows for value in values_of(row, fields)])


def add_from(
    rows: models.QuerySet[Any, Any], like: models.Model, given: Mapping[str, models.F | models.Q]
) -> None:
    """A row for each of `rows`, made by the database itself: like this one, but for columns that are worked out of each.

    What stands already stays as it is.
    """
    worked_out = {name: models.ExpressionWrapper(how, field_named(like, name)) for name, how in given.items()}
    asked, params = rows.values_list(*worked_out.values()).query.sql_with_params()
    fields = tuple(each for each in fields_of(like) if each.attname not in given)
    columns = ", ".join(quoted(name) for name in (*(each.column for each in fields), *given))
    constants = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quoted(like._meta.db_table)} ({columns})"  # noqa: S608
            f" SELECT {constants}, made.* FROM ({asked}) made WHERE true ON CONFLICT DO NOTHING",
            [*values_of(like, fields), *params],
        )


def field_named(row: models.Model, name: str) -> models.Field[Any, Any]:
    return next(each for each in row._meta.concrete_fields if each.attname == name)


# ---------------------------------------------------------------- rows that change


@dataclass(frozen=True, slots=True)
class Later:
    """So long from now by the database's clock, as what a field becomes."""

    after: timedelta


LATER = {
    "postgresql": "statement_timestamp() + make_interval(secs => %s)",
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', %s || ' seconds')",
}


def change(model: type[models.Model], where: Mapping[str, Any], to: Mapping[str, Any]) -> int:
    """What `filter(**where).update(**to)` does: how many rows changed.

    Fields are compared with values, and become values, `Now()` or `Later`: nothing that is worked out of the row.
    """
    changed = tuple(
        (name, type(value) if isinstance(value, Now | Later) else None) for name, value in to.items()
    )
    asked = alteration(model, tuple((name, value is None) for name, value in where.items()), changed)
    given = [in_column(model, name, value) for name, value in to.items() if not isinstance(value, Now)]
    given += [in_column(model, name, value) for name, value in where.items() if value is not None]
    with connection.cursor() as cursor:
        cursor.execute(asked, given)
        return int(cursor.rowcount)


@cache
def alteration(
    model: type[models.Model],
    where: Sequence[tuple[str, bool]],
    to: Sequence[tuple[str, type[Now | Later] | None]],
) -> str:
    """True says of a field that rows are found by that it has no value; a type of one that changes, what it becomes."""
    rows = model._default_manager.all()
    now, _ = rows.query.get_compiler(connection=connection).compile(Now())
    becomes = {None: "%s", Now: now, Later: LATER[connection.vendor]}
    changes = ", ".join(f"{column(model, name)} = {becomes[how]}" for name, how in to)
    found = " AND ".join(f"{column(model, name)} {'IS NULL' if empty else '= %s'}" for name, empty in where)
    return f"UPDATE {quoted(model._meta.db_table)} SET {changes} WHERE {found}"  # noqa: S608


def column(model: type[models.Model], name: str) -> str:
    return quoted(field_of(model, name).column)


def field_of(model: type[models.Model], name: str) -> Any:
    return model._meta.pk if name == "pk" else model._meta.get_field(name)


def in_column(model: type[models.Model], name: str, value: Any) -> Any:
    if isinstance(value, Later):
        return value.after.total_seconds()
    assert not isinstance(value, models.expressions.Combinable), "what a row becomes is known before"
    return field_of(model, name).get_db_prep_save(
        value.pk if isinstance(value, models.Model) else value, connection
    )


def fields_of(row: models.Model) -> tuple[models.Field[Any, Any], ...]:
    """Those that have a value. The database itself knows what the others begin with."""
    return tuple(
        field
        for field in row._meta.concrete_fields
        if not (field.primary_key and row.pk is None)
        and not isinstance(getattr(row, field.attname), DatabaseDefault)
    )


@cache
def insertion(model: type[models.Model], fields: Sequence[models.Field[Any, Any]], rows: int = 1) -> str:
    columns = ", ".join(quoted(field.column) for field in fields)
    each = f"({', '.join(['%s'] * len(fields))})"
    return f"INSERT INTO {quoted(model._meta.db_table)} ({columns}) VALUES {', '.join([each] * rows)}"  # noqa: S608


def values_of(row: models.Model, fields: Sequence[models.Field[Any, Any]]) -> Iterator[Any]:
    return (field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields)


def quoted(name: str | None) -> str:
    assert name is not None, "it has a column"
    return connection.ops.quote_name(name)
