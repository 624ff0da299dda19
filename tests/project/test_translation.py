"""All models and data tests can be said on Spark, or are refused by name; nothing runs there."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlglot.errors import SqlglotError

from spark.translation import UntranslatableError, translated, translated_type
from tests.conftest import Once
from tests.pipeline.warm_dbt import run_dbt


@pytest.fixture(scope="module")
def compiled(once: Once) -> dict[str, str]:
    """Return the SQL of all models and data tests as dbt compiles it, by their paths."""

    def compile_all() -> dict[str, str]:
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
            found = Path(folder, "target", "compiled", "store_uptime")
            return {
                str(file.relative_to(found)): sql
                for file in found.rglob("*.sql")
                if (sql := file.read_text(encoding="utf-8")).strip()
            }

    return once("compiled models", compile_all)


def failures(texts: dict[str, str], translate: Callable[[str], str]) -> dict[str, str]:
    found = {}
    for name, sql in texts.items():
        try:
            assert translate(sql)
        except (SqlglotError, UntranslatableError) as error:
            found[name] = str(error)
    return found


def test_all_models_are_translated(compiled: dict[str, str]) -> None:
    # Generic tests stand in folders that are named like the file of YAML that has them.
    models = {
        name: sql
        for name, sql in compiled.items()
        if name.startswith("models/") and Path(name).parent.suffix != ".yml"
    }
    assert "models/marts/report/store_report.sql" in models
    assert failures(models, translated) == {}


def test_all_data_tests_are_translated(compiled: dict[str, str]) -> None:
    tests = {
        name: sql
        for name, sql in compiled.items()
        if name.startswith("tests/") or Path(name).parent.suffix == ".yml"
    }
    assert "tests/sql/assert_days_add_up.sql" in tests
    assert failures(tests, lambda sql: translated(sql, may_hash=True)) == {}


@pytest.mark.parametrize(
    "sql",
    [
        "select a from",
        "select a from t for update",
        "select sum(a) over (rows between 1 preceding and 1 following exclude current row) from t",
    ],
)
def test_what_sqlglot_cannot_say_is_an_error(sql: str) -> None:
    with pytest.raises((SqlglotError, UntranslatableError)):
        translated(sql)


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("select a + 1 as b from t where b > 2", "an alias of the select list"),
        ("with u as (select a as b from t where b > 2) select b from u", "an alias of the select"),
        ("select unnest([1, 2]) as a, coalesce(unnest([3, 4]), 0) as b from t", "side by side"),
        ("select a, b from t cross join unnest(t.c, t.d) as u (a, b)", "side by side"),
        ("select hash(a) as b from t", "a function that no rule translates: hash"),
        ("select read_text(a) as b from t", "a function that no rule translates: read_text"),
        ("select levenshtein(a, b) as b from t", "no rule says what this is on Spark: levenshtein"),
        ("select a from t asof join u on t.a >= u.a", "an ASOF or positional join"),
        ("select a from t positional join u", "an ASOF or positional join"),
        ("select columns(*) from t", "columns"),
        ("select a from t union all by name select a from u", "a union by name"),
        ("select date_trunc(a, b) from t", "date_trunc to a, of no table"),
        ("select list(a order by b) from t", "in the order of something else"),
        ("select list(a order by a desc) from t", "in the order of something else"),
        ("select list(a) from t", "in no order"),
        ("select string_agg(a, ', ') from t", "in no order"),
        ("select regexp_replace(a, 'b', 'c') from t", "the first match alone"),
        ("select regexp_replace(a, b, 'c') from t", "not written out"),
        ("select regexp_full_match(a, b) from t", "not written out"),
        ("select regexp_replace(a, '^b', '$') from t", r"regexp_replace by \$"),
        (r"select regexp_replace(a, '^(b)', '\10') from t", r"regexp_replace by \\10"),
        (r"select regexp_full_match(a, '\h+') from t", r"the pattern \\h"),
        ("select regexp_full_match(a, '[[:alpha:]]') from t", "the pattern"),
        ("select sum(a) over (v) as s from t window w as (order by b), v as (w)", "the window w"),
        ("select cast(2.5 as bigint)", "a decimal is cast to an integer"),
        (
            "select cast(case when a then sum(b::decimal(8, 2)) else 0 end as bigint) from t",
            "a decimal is cast to an integer",
        ),
        ("select cast(a / 2 as varchar) from t", "a double as text"),
        ("select 'x' || 1e5 from t", "a double as text"),
        ("select concat(a, sqrt(b)) from t", "a double as text"),
        ("select round(a, 2) from t", "round to some digits"),
        ("select a ->> '$.b' from t", "no rule says what this is on Spark: json_extract_scalar"),
        (r"select a like 'b\%' from t", "no rule says what this is on Spark: like"),
        ("select * replace (a as b) from t", "the order of columns"),
        ("select 1 as a union all select t.* replace (a as b) from t", "the order of columns"),
        (
            "select sum(a) over (order by b range between c preceding and current row) "
            "from t inner join u on t.d = u.d",
            "a column as its bound",
        ),
        (
            "select max(a) over (order by b rows between c preceding and current row) from t",
            "a column as its bound",
        ),
    ],
)
def test_what_would_mean_something_else_is_refused_by_name(sql: str, what: str) -> None:
    with pytest.raises(UntranslatableError, match=what):
        translated(sql)


@pytest.mark.parametrize(
    "sql",
    [
        # The column of the table is meant on both engines.
        "select coalesce(a, 0) as a from t where a > 2",
        "select b as a from t where t.a > 2",
        "select a from (select b as a from t) as u where a > 2",
        "select unnest([1, 2]) as a from (select unnest([3, 4]) as b) as t",
        "select sum(a) over (order by b range between 3600 preceding and 1 preceding) from t",
    ],
)
def test_what_means_the_same_passes(sql: str) -> None:
    assert translated(sql)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a order by b desc, c", "a ORDER BY b DESC, c NULLS LAST"),
        ("make_timestamp(a)", "CAST(TIMESTAMP_MICROS(a) AS TIMESTAMP_NTZ)"),
        ("epoch_us(a)", "UNIX_MICROS(CAST(a AS TIMESTAMP))"),
        ("cast(a as time)", "CAST(a AS TIME(6))"),
        ("cast(a as timestamp)", "CAST(a AS TIMESTAMP_NTZ)"),
        ("cast(a as enum ('up', 'down'))", "CAST(a AS STRING)"),
        ("error('no')", "RAISE_ERROR('no')"),
        (r"regexp_full_match(a, '\d+\s*%')", r"a RLIKE '\\A(?:\\d+[\\t\\n\\f\\r ]*%)\\z'"),
        (
            r"regexp_replace(a, '^(.)([\s$])$', '\1:00\2')",
            r"REGEXP_REPLACE(a, '^([^\\n])([\\t\\n\\f\\r $])\\z', '$1:00$2')",
        ),
        (
            r"regexp_replace(a, '(b)', '\1', 'g')",
            r"REGEXP_REPLACE(a, '(b)', '$1')",
        ),
        ("trim(a, ' x')", "TRIM(' x' FROM a)"),
        ("lower(a)", "LOWER(TRANSLATE(a, '\u0130\u03a3', 'i\u03c3'))"),
        ("concat_ws(', ', a, b)", "CONCAT_WS(', ', a, b)"),
        ("concat(a, 'b', c)", "CONCAT_WS('', a, 'b', c)"),
        (
            "json_object('a', b, 'c', d)",
            "TO_JSON(NAMED_STRUCT('a', b, 'c', d), MAP('ignoreNullFields', 'false'))",
        ),
        ("any_value(a) filter (where b)", "ANY_VALUE(a, TRUE) FILTER(WHERE b)"),
        ("max_by(a, b)", "MAX_BY(a, b) FILTER(WHERE NOT a IS NULL)"),
        (
            "min_by(a, (b, a)) filter (where b > 0)",
            "MIN_BY(a, (b, a)) FILTER(WHERE b > 0 AND NOT a IS NULL)",
        ),
        ("list(a order by a)", "SORT_ARRAY(COLLECT_LIST(a))"),
        ("string_agg(a, ', ' order by b)", "LISTAGG(a, ', ') WITHIN GROUP (ORDER BY b NULLS LAST)"),
        ("quantile_disc(a, 0.25)", "PERCENTILE_DISC(0.25) WITHIN GROUP (ORDER BY a NULLS LAST)"),
        ("date_trunc(t.a, b)", "CAST(DATE_TRUNC(t.a, b) AS TIMESTAMP_NTZ)"),
        ("date_trunc('week', b)", "CAST(DATE_TRUNC('WEEK', b) AS TIMESTAMP_NTZ)"),
        ("a / b", "CAST(a AS DOUBLE) / CAST(b AS DOUBLE)"),
        ("a / 60.0e0", "CAST(a AS DOUBLE) / 60.0e0"),
        ("a // b % 7", "a DIV b % 7"),
        ("cast(sum(cast(a as double)) as bigint)", "CAST(RINT(SUM(CAST(a AS DOUBLE))) AS BIGINT)"),
        ("cast(case when a then 1e0 end as int)", "CAST(RINT(CASE WHEN a THEN 1e0 END) AS INT)"),
        (
            "cast(sum(cast(a as decimal(24, 0))) as bigint)",
            "CAST(SUM(CAST(a AS DECIMAL(24, 0))) AS BIGINT)",
        ),
        ("unnest(range(a, b))", "EXPLODE(IF(a > (b - 1), ARRAY(), SEQUENCE(a, (b - 1))))"),
        ("'it''s \\ there'", r"'it\'s \\ there'"),
    ],
)
def test_rules_of_expressions(sql: str, expected: str) -> None:
    assert translated(f"select {sql}") == f"SELECT {expected}"


def test_trim_takes_away_all_spaces() -> None:
    assert "\u00a0" in translated("select trim(a)")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "select a from (select t.* replace (b as c, d as e), f from t)",
            "SELECT a FROM (SELECT t.* EXCEPT (c, e), f, b AS c, d AS e FROM t)",
        ),
        ("select day from range(7) as d (day)", "SELECT day FROM RANGE(0, 7) AS d(day)"),
        (
            "select p.key, p.value ->> '$' as v, p.id from t cross join json_each(t.a) as p",
            "SELECT p.key, p.value AS v, p.id FROM t LATERAL VIEW "
            "POSEXPLODE(FROM_JSON(t.a, 'map<string,string>')) p AS id, key, value",
        ),
        (
            "select sum(a) over (w rows unbounded preceding) as s from t "
            "window w as (partition by b order by c)",
            "SELECT SUM(a) OVER (PARTITION BY b ORDER BY c NULLS LAST rows BETWEEN UNBOUNDED "
            "preceding AND CURRENT ROW) AS s FROM t",
        ),
        (
            "select lead(a) over w as n, sum(a) over w as s from t "
            "window w as (partition by b order by c rows unbounded preceding)",
            "SELECT LEAD(a) OVER (PARTITION BY b ORDER BY c NULLS LAST) AS n, SUM(a) OVER "
            "(PARTITION BY b ORDER BY c NULLS LAST rows BETWEEN UNBOUNDED preceding AND CURRENT "
            "ROW) AS s FROM t",
        ),
        (
            "select a, lag(b) over w as p from t window w as (order by a) "
            "qualify p is null or lead(b) over w > (select c from u) or t.d",
            "SELECT a, p FROM (SELECT a, LAG(b) OVER (ORDER BY a NULLS LAST) AS p, LEAD(b) OVER "
            "(ORDER BY a NULLS LAST) AS qualified_by_1, t.d AS qualified_by_2 FROM t) AS qualified "
            "WHERE (p IS NULL OR qualified_by_1 > (SELECT c FROM u) OR qualified_by_2)",
        ),
        (
            "select *, 1 as b from t qualify row_number() over (order by a) = 1",
            "SELECT * EXCEPT (qualified_by_1) FROM (SELECT *, 1 AS b, ROW_NUMBER() OVER "
            "(ORDER BY a NULLS LAST) AS qualified_by_1 FROM t) AS qualified "
            "WHERE (qualified_by_1 = 1)",
        ),
        (
            "select a from t window w as (partition by p order by a range between b preceding and "
            "1 preceding) qualify max(c) over w < c",
            "SELECT a FROM (SELECT a, c AS qualified_by_1, (SELECT MAX(rows_of_the_frame.c) FROM "
            "t AS rows_of_the_frame WHERE rows_of_the_frame.p IS NOT DISTINCT FROM t.p "
            "AND rows_of_the_frame.a >= t.a - "
            "(t.b) AND rows_of_the_frame.a <= t.a - (1)) AS qualified_by_2 FROM t) "
            "AS qualified WHERE (qualified_by_2 < qualified_by_1)",
        ),
        (
            "select distinct a from t qualify row_number() over (order by b) < 3 order by a",
            "SELECT DISTINCT a FROM (SELECT a, ROW_NUMBER() OVER (ORDER BY b NULLS LAST) AS "
            "qualified_by_1 FROM t) AS qualified WHERE (qualified_by_1 < 3) ORDER BY a NULLS LAST",
        ),
    ],
)
def test_rules_of_queries(sql: str, expected: str) -> None:
    assert translated(sql) == expected


def test_tests_may_take_another_hash() -> None:
    hashed = translated("select hash(a) % 1000", may_hash=True)
    assert hashed == "SELECT (XXHASH64(a) & 9223372036854775807) % 1000"


def test_types_of_contracts() -> None:
    assert translated_type("varchar[]") == "ARRAY<STRING>"
    assert translated_type("time") == "TIME(6)"
    assert translated_type("timestamp") == "TIMESTAMP_NTZ"
    assert translated_type("decimal(24,6)") == "DECIMAL(24, 6)"
