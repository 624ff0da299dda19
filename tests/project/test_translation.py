"""All models can be translated to the SQL of Spark, as sqlglot does it; nothing runs there."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import ErrorLevel, exp
from sqlglot.errors import SqlglotError

from tests.conftest import Once
from tests.pipeline.warm_dbt import run_dbt

ALIAS_IN_WHERE = "an alias of the select list is used in its where"
SIDE_BY_SIDE = "two lists are unnested side by side"
FRAME = "the frame of a window has a column as its bound"
JOIN = "an ASOF or positional join, which Spark lacks"
UNKNOWN_COLUMNS = "columns(…) stands for columns that nobody named"

# What sqlglot passes on as it stands, and what becomes of it on Spark.
FUNCTIONS_WITH_A_RULE = {
    "epoch_us": "unix_micros",
    "error": "raise_error",
    "json_each": "posexplode of from_json",
    "json_merge_patch": "to_json of one struct",
    "to_json": "to_json",
}

# What stands in the way of a second engine today: the model and the rule that it breaks. A moment
# looks as far around it as outages last there; a join in its place would be quadratic.
KNOWN = {("int_common_moments", FRAME)}

Found = Iterator[str]


def aliases_in_where(query: exp.Expr) -> Found:
    """Find names in a `where` that only the select list beside it can mean."""
    for select in query.find_all(exp.Select):
        where = select.args.get("where")
        made = {
            each.alias.lower()
            for each in select.expressions
            if isinstance(each, exp.Alias) and each.alias.lower() not in _columns(each.this)
        }
        if where and any(
            name in made and not column.table and column.parent_select is select
            for column in where.find_all(exp.Column)
            for name in [column.name.lower()]
        ):
            yield ALIAS_IN_WHERE


def lists_side_by_side(query: exp.Expr) -> Found:
    """Find lists that DuckDB lays side by side, and Spark multiplies."""
    for select in query.find_all(exp.Select):
        unnested = [
            each
            for chosen in select.expressions
            for each in chosen.find_all(exp.Explode, exp.Unnest)
            if each.parent_select is select
        ]
        if len(unnested) > 1:
            yield SIDE_BY_SIDE
    if any(len(each.expressions) > 1 for each in query.find_all(exp.Unnest)):
        yield SIDE_BY_SIDE


def frames_with_columns(query: exp.Expr) -> Found:
    for frame in query.find_all(exp.WindowSpec):
        bounds = (frame.args.get("start"), frame.args.get("end"))
        if any(isinstance(bound, exp.Expr) and bound.find(exp.Column) for bound in bounds):
            yield FRAME


def unknown_functions(query: exp.Expr) -> Found:
    """Find functions that sqlglot passes on unread; `hash`, which differs by engine, is one."""
    for function in query.find_all(exp.Anonymous, exp.AnonymousAggFunc):
        if function.name.lower() not in FUNCTIONS_WITH_A_RULE:
            yield f"a function that no rule translates: {function.name.lower()}"


def joins_of_duckdb(query: exp.Expr) -> Found:
    """Find joins that sqlglot writes for Spark as they stand."""
    if any(join.method in ("ASOF", "POSITIONAL") for join in query.find_all(exp.Join)):
        yield JOIN


def unknown_columns(query: exp.Expr) -> Found:
    if query.find(exp.Columns):
        yield UNKNOWN_COLUMNS


RULES: list[Callable[[exp.Expr], Found]] = [
    aliases_in_where,
    lists_side_by_side,
    frames_with_columns,
    unknown_functions,
    joins_of_duckdb,
    unknown_columns,
]


def _columns(query: exp.Expr) -> set[str]:
    return {column.name.lower() for column in query.find_all(exp.Column)}


def broken_rules(sql: str) -> set[str]:
    query = sqlglot.parse_one(sql, read="duckdb")
    return {broken for rule in RULES for broken in rule(query)}


def translated(sql: str) -> str:
    """Translate one statement; what sqlglot cannot say in Spark's SQL is an error."""
    [statement] = sqlglot.transpile(
        sql, read="duckdb", write="spark", unsupported_level=ErrorLevel.RAISE
    )
    return statement


@pytest.fixture(scope="module")
def models(once: Once) -> dict[str, str]:
    """Return the SQL of all models as dbt compiles it."""

    def compile_models() -> dict[str, str]:
        with tempfile.TemporaryDirectory() as folder:
            warehouse = Path(folder, "warehouse", "store_uptime.duckdb")
            warehouse.parent.mkdir()
            is_compiled, output = run_dbt(
                ["compile"],
                {
                    "STORE_UPTIME_DATA": "seeds",
                    "STORE_UPTIME_DB": str(warehouse),
                    "DBT_TARGET_PATH": f"{folder}/target",
                    "DBT_LOG_PATH": f"{folder}/logs",
                },
            )
            assert is_compiled, output
            compiled = Path(folder, "target", "compiled", "store_uptime", "models")
            # Tests stand in folders that are named like the file of YAML that has them.
            files = [file for file in compiled.rglob("*.sql") if file.parent.suffix != ".yml"]
            return {file.stem: file.read_text(encoding="utf-8") for file in files}

    return once("compiled models", compile_models)


def test_all_models_are_translated(models: dict[str, str]) -> None:
    assert "store_report" in models
    failures = {}
    for name, sql in models.items():
        try:
            translated(sql)
        except SqlglotError as error:
            failures[name] = str(error)
    assert failures == {}


def test_no_model_says_what_engines_understand_differently(models: dict[str, str]) -> None:
    broken = {(name, rule) for name, sql in models.items() for rule in broken_rules(sql)}
    assert broken - KNOWN == set()


@pytest.mark.parametrize(
    "sql",
    [
        "select a from",
        "select a from t for update",
        "select sum(a) over (rows between 1 preceding and 1 following exclude current row) from t",
    ],
)
def test_what_cannot_be_translated_is_an_error(sql: str) -> None:
    with pytest.raises(SqlglotError):
        translated(sql)


@pytest.mark.parametrize(
    ("sql", "broken"),
    [
        ("select a + 1 as b from t where b > 2", ALIAS_IN_WHERE),
        ("with u as (select a as b from t where b > 2) select b from u", ALIAS_IN_WHERE),
        ("select unnest([1, 2]) as a, coalesce(unnest([3, 4]), 0) as b from t", SIDE_BY_SIDE),
        ("select a, b from t cross join unnest(t.c, t.d) as u (a, b)", SIDE_BY_SIDE),
        ("select sum(a) over (order by b range between c preceding and current row) from t", FRAME),
        (
            "select sum(a) over w from t window w as (order by b rows between 1 preceding and c "
            "following)",
            FRAME,
        ),
        ("select hash(a) as b from t", "a function that no rule translates: hash"),
        ("select a from t asof join u on t.a >= u.a", JOIN),
        ("select a from t positional join u", JOIN),
        ("select columns(*) from t", UNKNOWN_COLUMNS),
    ],
)
def test_a_model_that_would_break_is_found(sql: str, broken: str) -> None:
    assert broken_rules(sql) == {broken}


@pytest.mark.parametrize(
    "sql",
    [
        # The column of the table is meant on both engines.
        "select coalesce(a, 0) as a from t where a > 2",
        "select b as a from t where t.a > 2",
        "select a from (select b as a from t) as u where a > 2",
        "select unnest([1, 2]) as a from (select unnest([3, 4]) as b) as t",
        "select sum(a) over (order by b range between 3600 preceding and 1 preceding) from t",
        "select epoch_us(a) as b, md5(c) as d from t",
    ],
)
def test_a_model_that_both_engines_understand_passes(sql: str) -> None:
    assert broken_rules(sql) == set()
    assert translated(sql)
