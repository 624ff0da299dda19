"""DuckDB's SQL, in which the models are written, as Spark's: sqlglot and the rules that it lacks.

What both engines are known to understand alike is listed; all else has a rule here, or is refused
by name. A new model that uses something new so fails in `make test`, before anybody runs it.
"""

import re
from collections.abc import Callable, Iterator

import sqlglot
from sqlglot import ErrorLevel, exp

# Spaces of Unicode, which DuckDB's trim takes away; Spark's takes away blanks alone.
SPACES = "".join(
    chr(code) for code in (0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)
)
UNITS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
WITHOUT_FRAME = (exp.Lead, exp.Lag, exp.RowNumber)
_LONGEST = 2**63 - 1


class UntranslatableError(ValueError):
    """What cannot be said on Spark so that it means the same; the message names it."""


def translated(sql: str, *, may_hash: bool = False) -> str:
    """Return one query for Spark.

    With `may_hash`, `hash` becomes another one, for tests that keep no hash and compare none with
    what was built elsewhere. Raises UntranslatableError, or what sqlglot raises.
    """
    query = sqlglot.parse_one(sql, read="duckdb")
    refuse(query)
    for rule in RULES if not may_hash else (*RULES, other_hash):
        query = rule(query)
    refuse_unknown(query)
    return query.sql("spark", unsupported_level=ErrorLevel.RAISE, comments=False)


def translated_type(name: str) -> str:
    """Return a type of DuckDB, as contracts name it, as Spark calls it."""
    kind = _time_types(exp.Cast(this=exp.null(), to=exp.DataType.build(name, dialect="duckdb")))
    return kind.args["to"].sql("spark")


# ---- What is refused


def refuse(query: exp.Expr) -> None:
    """Raise UntranslatableError if the engines would understand the query differently."""
    for found in REFUSALS:
        for what in found(query):
            raise UntranslatableError(what)


def aliases_in_where(query: exp.Expr) -> Iterator[str]:
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
            yield "an alias of the select list is used in its where"


def lists_side_by_side(query: exp.Expr) -> Iterator[str]:
    """Find lists that DuckDB lays side by side, and Spark multiplies."""
    for select in query.find_all(exp.Select):
        unnested = [
            each
            for chosen in select.expressions
            for each in chosen.find_all(exp.Explode, exp.Unnest)
            if each.parent_select is select
        ]
        if len(unnested) > 1:
            yield "two lists are unnested side by side"
    if any(len(each.expressions) > 1 for each in query.find_all(exp.Unnest)):
        yield "two lists are unnested side by side"


def joins_of_duckdb(query: exp.Expr) -> Iterator[str]:
    """Find joins that sqlglot writes for Spark as they stand."""
    if any(join.method in ("ASOF", "POSITIONAL") for join in query.find_all(exp.Join)):
        yield "an ASOF or positional join, which Spark lacks"


def unknown_columns(query: exp.Expr) -> Iterator[str]:
    """Find `columns(…)`."""
    if query.find(exp.Columns):
        yield "columns(…) stands for columns that nobody named"


def unions_by_name(query: exp.Expr) -> Iterator[str]:
    """Find unions that Spark's SQL lacks."""
    if any(union.args.get("by_name") for union in query.find_all(exp.SetOperation)):
        yield "a union by name, which Spark's SQL lacks"


def lists_in_another_order(query: exp.Expr) -> Iterator[str]:
    """Find lists whose order Spark would lose: `list(x order by x)` alone can be sorted after."""
    for each in query.find_all(exp.ArrayAgg, exp.GroupConcat):
        order = each.this if isinstance(each.this, exp.Order) else None
        if order is None:
            yield "the rows of a list, or of a text made of many, are in no order"
        elif isinstance(each, exp.ArrayAgg) and (
            len(order.expressions) != 1
            or order.expressions[0].this != order.this
            or order.expressions[0].args.get("desc")
        ):
            yield "a list is in the order of something else than its values"


def replacements_of_the_first(query: exp.Expr) -> Iterator[str]:
    """Find regexp_replace where DuckDB replaces the first match, and Spark would replace all."""
    for each in query.find_all(exp.RegexpReplace):
        pattern, modifiers = each.expression, each.args.get("modifiers")
        is_all = isinstance(modifiers, exp.Literal) and modifiers.name == "g"
        if not isinstance(pattern, exp.Literal) or (modifiers and not is_all):
            yield "regexp_replace with a pattern or options that are not written out"
        elif not is_all and not (pattern.name.startswith("^") or pattern.name.endswith("$")):
            yield "regexp_replace of the first match alone, where there may be several"


def stars_with_replacements(query: exp.Expr) -> Iterator[str]:
    """Find `* replace (…)` where the order of the columns counts, which Spark's would not keep."""
    for star in query.find_all(exp.Star):
        select = star.parent_select
        if not star.args.get("replace") or select is None:
            continue
        if select is query or isinstance(select.parent, exp.SetOperation):
            yield "* replace (…) where the order of columns counts"


def doubles_as_text(query: exp.Expr) -> Iterator[str]:
    """Find doubles that become text, of which the engines show other digits."""
    for each in query.find_all(exp.Cast, exp.DPipe, exp.Concat, exp.ConcatWs):
        parts = [each.this] if isinstance(each, exp.Cast) else each.iter_expressions()
        is_text = not isinstance(each, exp.Cast) or each.to.is_type(*exp.DataType.TEXT_TYPES)
        if is_text and any(map(is_double, parts)):
            yield "a double as text"


def decimals_as_integers(query: exp.Expr) -> Iterator[str]:
    """Find decimals that are cast to integers, which DuckDB rounds and Spark cuts off."""
    for each in query.find_all(exp.Cast):
        if each.to.is_type(*exp.DataType.INTEGER_TYPES) and is_decimal(each.this):
            yield "a decimal is cast to an integer"


def rounding_to_digits(query: exp.Expr) -> Iterator[str]:
    """Find `round(x, n)`, which Spark does to the digits that a double shows."""
    if any(each.args.get("decimals") for each in query.find_all(exp.Round)):
        yield "round to some digits"


REFUSALS: tuple[Callable[[exp.Expr], Iterator[str]], ...] = (
    aliases_in_where,
    lists_side_by_side,
    joins_of_duckdb,
    unknown_columns,
    unions_by_name,
    lists_in_another_order,
    replacements_of_the_first,
    stars_with_replacements,
    doubles_as_text,
    decimals_as_integers,
    rounding_to_digits,
)


# ---- Rules: each takes a query and returns it, changed in place


def _instants(query: exp.Expr) -> exp.Expr:
    """Have instants without a zone in UTC: make_timestamp, epoch_us.

    Spark makes instants with a zone, which are shown, and written, as of the session's.
    """
    for each in _deepest(query, exp.UnixToTime):
        if each.args.get("scale") == exp.Literal.number(6):
            made = exp.Anonymous(this="timestamp_micros", expressions=[each.this])
            each.replace(exp.cast(made, exp.DType.TIMESTAMPNTZ))
    for each in _deepest(query, exp.Anonymous):
        if each.name.lower() == "epoch_us":
            instant = exp.cast(each.expressions[0], exp.DType.TIMESTAMPTZ)
            each.replace(exp.Anonymous(this="unix_micros", expressions=[instant]))
    return query


def _time_types(query: exp.Expr) -> exp.Expr:
    """Keep times of day what they are: sqlglot makes instants of them."""
    for each in _deepest(query, exp.DataType):
        if each.is_type(exp.DType.TIME):
            each.replace(exp.DataType(this=exp.DType.USERDEFINED, kind="TIME(6)"))
    return query


def _enums(query: exp.Expr) -> exp.Expr:
    """Make text of enums, which Spark lacks; models use them to save room, not for their order."""
    for each in _deepest(query, exp.DataType):
        if each.is_type(exp.DType.ENUM):
            each.replace(exp.DataType.build("text"))
    return query


def _errors(query: exp.Expr) -> exp.Expr:
    """Stop as DuckDB's `error` does."""
    for each in _deepest(query, exp.Anonymous):
        if each.name.lower() == "error":
            each.set("this", "raise_error")
    return query


def _patterns(query: exp.Expr) -> exp.Expr:
    r"""Write patterns for Java: what matches whole, `\1` as `$1`, and what `$ . \s` mean."""
    for each in _deepest(query, exp.RegexpFullMatch):
        if not isinstance(each.expression, exp.Literal):
            raise UntranslatableError("regexp_full_match with a pattern that is not written out")
        pattern = exp.Literal.string(rf"\A(?:{_java_pattern(each.expression.name)})\z")
        each.replace(exp.RegexpLike(this=each.this, expression=pattern))
    for each in _deepest(query, exp.RegexpReplace):
        each.set("expression", exp.Literal.string(_java_pattern(each.expression.name)))
        each.set("modifiers", None)
        replacement = each.args["replacement"].name
        each.set("replacement", exp.Literal.string(_java_replacement(replacement)))
    return query


def _java_pattern(pattern: str) -> str:
    r"""Return a pattern of RE2 as Java reads it alike.

    Java's `\s` has a vertical tab, its `$` comes before a last line end, too, and its `.` is no
    carriage return.
    """
    if re.search(r"\\[^\Wdpstw]|\[\^?\]|\[[^]]*(\[|&&)|\(\?", pattern):
        raise UntranslatableError(f"the pattern {pattern}")
    parts: list[str] = []
    is_class = False
    for part in re.findall(r"\\?.", pattern, re.DOTALL):
        if part == r"\s":
            parts.append(r"\t\n\f\r " if is_class else r"[\t\n\f\r ]")
        elif part in "$." and not is_class:
            parts.append({"$": r"\z", ".": r"[^\n]"}[part])
        else:
            is_class = part == "[" or (is_class and part != "]")
            parts.append(part)
    return "".join(parts)


def _java_replacement(replacement: str) -> str:
    r"""Return a replacement of DuckDB's, with `\1` for a group, as Java reads it."""
    if re.search(r"\$|\\\D|\\\d\d|\\$", replacement):
        raise UntranslatableError(f"regexp_replace by {replacement}")
    return replacement.replace("\\", "$")


def _texts(query: exp.Expr) -> exp.Expr:
    """Have trim, lower and concat do what DuckDB's do.

    DuckDB trims all spaces of Unicode, makes one letter of each, and leaves nulls out.
    """
    for each in _deepest(query, exp.Trim):
        if not each.expression:
            each.set("expression", exp.Literal.string(SPACES))
    for each in _deepest(query, exp.Lower):
        # The two letters of which Java makes something else: two of one, or another at the end.
        letters = [exp.Literal.string(text) for text in ("\u0130\u03a3", "i\u03c3")]
        each.set("this", exp.Anonymous(this="translate", expressions=[each.this.copy(), *letters]))
    for each in _deepest(query, exp.Concat):
        if isinstance(each, exp.ConcatWs):
            continue
        joined = exp.Anonymous(
            this="concat_ws", expressions=[exp.Literal.string(""), *each.expressions]
        )
        each.replace(joined)
    return query


def _objects(query: exp.Expr) -> exp.Expr:
    """Write JSON objects by a struct, with the nulls that to_json would leave out."""
    for each in _deepest(query, exp.JSONObject):
        pairs = [part for pair in each.expressions for part in (pair.this, pair.expression)]
        options = [exp.Literal.string(text) for text in ("ignoreNullFields", "false")]
        each.replace(
            exp.Anonymous(
                this="to_json",
                expressions=[
                    exp.Anonymous(this="named_struct", expressions=pairs),
                    exp.Anonymous(this="map", expressions=options),
                ],
            )
        )
    return query


def _pairs_of_objects(query: exp.Expr) -> exp.Expr:
    """Take JSON objects of texts apart: `cross join json_each(…) as p`, and `p.value ->> '$'`.

    A text is the text of itself. What is no text, or is in lists, would not be the same.
    """
    for join in _deepest(query, exp.Join):
        table = join.this
        if not (isinstance(table, exp.Table) and isinstance(table.this, exp.Anonymous)):
            continue
        if table.this.name.lower() != "json_each":
            continue
        select = join.parent_select
        alias = table.alias
        kind = exp.Literal.string("map<string,string>")
        texts = exp.Anonymous(this="from_json", expressions=[*table.this.expressions, kind])
        select.append(
            "laterals",
            exp.Lateral(
                this=exp.Anonymous(this="posexplode", expressions=[texts]),
                view=True,
                alias=exp.TableAlias(
                    this=exp.to_identifier(alias),
                    columns=[exp.to_identifier(name) for name in ("id", "key", "value")],
                ),
            ),
        )
        join.pop()
        for each in _deepest(select, exp.JSONExtractScalar):
            value = each.this
            is_whole = [type(part) for part in each.expression.expressions] == [exp.JSONPathRoot]
            if is_whole and isinstance(value, exp.Column) and value.table == alias:
                each.replace(value)
    return query


def _aggregates(query: exp.Expr) -> exp.Expr:
    """Have aggregates leave out what DuckDB's leave out, and lists sorted.

    any_value takes a null, max_by and min_by the row that has one; collect_list has no order, and
    no nulls, which it is not to have in DuckDB either.
    """
    for each in _deepest(query, exp.AnyValue):
        found = exp.Anonymous(this="any_value", expressions=[each.this, exp.true()])
        # sqlglot says so behind the function, where Spark would have a filter first.
        (each.parent if isinstance(each.parent, exp.IgnoreNulls) else each).replace(found)
    for each in _deepest(query, exp.ArgMax, exp.ArgMin):
        is_there = exp.Not(this=exp.Is(this=each.this.copy(), expression=exp.null()))
        if isinstance(each.parent, exp.Filter):
            where = each.parent.args["expression"]
            where.set("this", exp.and_(where.this, is_there))
        else:
            each.replace(exp.Filter(this=each.copy(), expression=exp.Where(this=is_there)))
    for each in _deepest(query, exp.ArrayAgg):
        listed = exp.Anonymous(this="collect_list", expressions=[each.this.this])
        if isinstance(each.parent, exp.Filter):
            raise UntranslatableError("a list of some rows alone")
        each.replace(exp.Anonymous(this="sort_array", expressions=[listed]))
    for each in _deepest(query, exp.PercentileDisc):
        ordered = exp.Order(expressions=[exp.Ordered(this=each.this)])
        share = exp.Anonymous(this="percentile_disc", expressions=[each.expression])
        each.replace(exp.WithinGroup(this=share, expression=ordered))
    return query


def _stars(query: exp.Expr) -> exp.Expr:
    """Say `* replace (…)` as `* except (…)` and the columns behind it."""
    for star in _deepest(query, exp.Star):
        replaced = star.args.get("replace")
        if not replaced:
            continue
        select = star.parent_select
        names = [exp.column(each.alias) for each in replaced]
        star.set("except_", [*(star.args.get("except_") or []), *names])
        star.set("replace", None)
        for each in replaced:
            select.append("expressions", each)
    return query


def _ranges(query: exp.Expr) -> exp.Expr:
    """Have `range(…)` as a table where it is one: sqlglot loses the name of its column."""
    for table in _deepest(query, exp.Table):
        if isinstance(table.this, exp.GenerateSeries):
            series = table.this
            bounds = [series.args["start"], series.args["end"]]
            table.set("this", exp.Anonymous(this="range", expressions=bounds))
    return query


def _truncated(query: exp.Expr) -> exp.Expr:
    """Cut dates to a unit that a column names, which sqlglot takes for the unit's own name.

    It does so even before rules if the column's table is not named. Spark's date_trunc makes an
    instant with a zone.
    """
    for each in _deepest(query, exp.TimestampTrunc, exp.DateTrunc):
        unit = each.args["unit"]
        if isinstance(unit, exp.Var | exp.Literal):
            if unit.name.lower() not in UNITS:
                raise UntranslatableError(f"date_trunc to {unit.name.lower()}, of no table")
            unit = exp.Literal.string(unit.name)
        cut = exp.Anonymous(this="date_trunc", expressions=[unit, each.this])
        each.replace(exp.cast(cut, exp.DType.TIMESTAMPNTZ))
    return query


def _divisions(query: exp.Expr) -> exp.Expr:
    """Divide doubles, whatever stands on either side: Spark divides decimals as decimals."""
    for each in _deepest(query, exp.Div):
        for side in ("this", "expression"):
            if not is_double(each.args[side]):
                each.set(side, exp.cast(each.args[side], exp.DType.DOUBLE))
    return query


def _rounded(query: exp.Expr) -> exp.Expr:
    """Round doubles that are cast to integers, to the nearest even one; Spark cuts them off."""
    for each in _deepest(query, exp.Cast):
        if each.to.is_type(*exp.DataType.INTEGER_TYPES) and is_double(each.this):
            each.set("this", exp.Anonymous(this="rint", expressions=[each.this.copy()]))
    return query


def is_double(value: exp.Expr | None) -> bool:
    """Say whether an expression is seen to be a double, wherever its columns come from."""
    match value:
        case exp.Literal():
            return not value.is_string and "e" in value.name.lower()
        case exp.Cast():
            return value.to.is_type(exp.DType.DOUBLE)
        case exp.Div() | exp.Median() | exp.Sqrt():
            return True
        case _:
            return any(map(is_double, _values(value)))


def is_decimal(value: exp.Expr | None) -> bool:
    """Say whether an expression is seen to be a decimal with digits behind the point."""
    match value:
        case exp.Literal():
            return not value.is_string and "." in value.name and not is_double(value)
        case exp.Cast():
            digits = [each.name for each in value.to.expressions]
            return value.to.is_type(exp.DType.DECIMAL) and digits[1:] != ["0"]
        case _:
            return not is_double(value) and any(map(is_decimal, _values(value)))


def _values(value: exp.Expr | None) -> list[exp.Expr]:
    """Return the parts of an expression of which it has the type."""
    match value:
        case exp.Add() | exp.Sub() | exp.Mul() | exp.Mod():
            return [value.this, value.expression]
        case exp.Coalesce() | exp.Greatest() | exp.Least():
            return [value.this, *value.expressions]
        case exp.Case():
            return [*(each.args["true"] for each in value.args["ifs"]), value.args.get("default")]
        case exp.If():
            return [value.args["true"], value.args.get("false")]
        case exp.Paren() | exp.Neg() | exp.Abs() | exp.Nullif() | exp.Round():
            return [value.this]
        case exp.Sum() | exp.Max() | exp.Min() | exp.Filter() | exp.Window():
            return [value.this]
        case _:
            return []


def _windows(query: exp.Expr) -> exp.Expr:
    """Write out named windows: Spark's SQL cannot add a frame to one."""
    for select in _deepest(query, exp.Select):
        named = {each.this.name.lower(): each for each in select.args.get("windows") or []}
        for window in select.find_all(exp.Window):
            if window.parent_select is not select or not window.alias:
                continue
            parts = named.get(window.alias.lower())
            if parts is None or window in named.values():
                raise UntranslatableError(f"the window {window.alias}, made of another one")
            for part, value in parts.copy().args.items():
                if part in ("partition_by", "order", "spec") and not window.args.get(part):
                    window.set(part, value)
            window.set("alias", None)
        select.set("windows", None)
    return query


def _qualified(query: exp.Expr) -> exp.Expr:
    """Say `qualify` as the `where` of a query around: Spark has none.

    sqlglot does so, too, but takes columns of a subquery in it for those of the query.
    """
    for select in _deepest(query, exp.Select):
        qualify = select.args.get("qualify")
        if qualify is None:
            continue
        condition = exp.paren(qualify.this)
        select.set("qualify", None)
        made = [each.alias_or_name for each in select.expressions]
        added: list[str] = []
        for each in _deepest(condition, exp.Window, exp.Column):
            is_own = not each.find_ancestor(exp.Select, exp.Window)
            is_made = isinstance(each, exp.Column) and not each.table and each.name in made
            if is_own and not is_made:
                name = f"qualified_by_{len(added) + 1}"
                added.append(name)
                each.replace(exp.column(name))
                select.append("expressions", exp.alias_(each, name))
        moved = {
            part: select.args.pop(part, None) for part in ("with_", "distinct", "order", "limit")
        }
        around = exp.select().from_(select.copy().subquery("qualified"))
        if "*" in made:
            around = around.select(exp.Star(except_=[exp.column(name) for name in added] or None))
        else:
            around = around.select(*(exp.column(name) for name in made))
        around = around.where(condition)
        for part, value in moved.items():
            around.set(part, value)
        if select is query:
            query = around
        else:
            select.replace(around)
    return query


def _frames_that_say_nothing(query: exp.Expr) -> exp.Expr:
    """Leave out frames of functions that look at single rows: Spark refuses them there."""
    for window in _deepest(query, exp.Window):
        function = window.this.this if isinstance(window.this, exp.IgnoreNulls) else window.this
        if isinstance(function, WITHOUT_FRAME):
            window.set("spec", None)
    return query


def _frames(query: exp.Expr) -> exp.Expr:
    """Ask by a subquery what a frame holds that reaches as far as a column says.

    Spark's frames have constant bounds. The subquery compares each row with all rows of its
    partition, so that it is for few rows; of one table or CTE that is read by its name alone.
    """
    for window in _deepest(query, exp.Window):
        if _reaches(window):
            window.replace(_asked_of_the_frame(window))
    return query


def _reaches(window: exp.Expr) -> bool:
    """Say whether a bound of a window's frame is more than a number."""
    spec = window.args.get("spec")
    bounds = [spec.args.get("start"), spec.args.get("end")] if spec else []
    return any(isinstance(each, exp.Expr) and each.find(exp.Column) for each in bounds)


def _asked_of_the_frame(window: exp.Window) -> exp.Expr:
    select = window.parent_select
    source = select.args["from_"].this
    order = window.args.get("order")
    spec = window.args["spec"]
    is_plain = (
        isinstance(source, exp.Table)
        and isinstance(source.this, exp.Identifier)
        and not select.args.get("joins")
        and not select.args.get("group")
        and isinstance(window.this, exp.Max | exp.Min | exp.Sum | exp.Count)
        and order is not None
        and len(order.expressions) == 1
        and not order.expressions[0].args.get("desc")
        and str(spec.args["kind"]).lower() == "range"
        and not spec.args.get("exclude")
    )
    if not is_plain:
        raise UntranslatableError("the frame of a window has a column as its bound")
    rows, others = source.alias_or_name, "rows_of_the_frame"

    def of(alias: str, value: exp.Expr) -> exp.Expr:
        value = value.copy()
        for column in value.find_all(exp.Column):
            column.set("table", exp.to_identifier(alias))
        return value

    key = order.expressions[0].this
    conditions: list[exp.Expr] = [
        exp.NullSafeEQ(this=of(others, each), expression=of(rows, each))
        for each in window.args.get("partition_by") or []
    ]
    for side, compare in (("start", exp.GTE), ("end", exp.LTE)):
        bound, direction = spec.args.get(side), str(spec.args.get(f"{side}_side") or "").lower()
        if bound is None or str(bound).upper() == "UNBOUNDED":
            continue
        limit = of(rows, key)
        if str(bound).upper() != "CURRENT ROW":
            step = exp.Add if direction == "following" else exp.Sub
            limit = step(this=limit, expression=of(rows, exp.paren(bound)))
        conditions.append(compare(this=of(others, key), expression=limit))
    asked = of(others, window.this)
    found = exp.select(asked).from_(exp.alias_(source.copy(), others, table=True))
    return found.where(*conditions).subquery()


def other_hash(query: exp.Expr) -> exp.Expr:
    """Take another hash, which is no negative number either."""
    for each in _deepest(query, exp.Anonymous):
        if each.name.lower() == "hash":
            hashed = exp.Anonymous(this="xxhash64", expressions=each.expressions)
            longest = exp.Literal.number(_LONGEST)
            each.replace(exp.paren(exp.BitwiseAnd(this=hashed, expression=longest)))
    return query


RULES: tuple[Callable[[exp.Expr], exp.Expr], ...] = (
    _instants,
    _time_types,
    _enums,
    _errors,
    _patterns,
    _texts,
    _objects,
    _pairs_of_objects,
    _aggregates,
    _stars,
    _ranges,
    _truncated,
    _divisions,
    _rounded,
    _windows,
    _qualified,
    _frames_that_say_nothing,
    _frames,
)


# ---- What is known to mean the same, once the rules are through


def refuse_unknown(query: exp.Expr) -> None:
    """Raise UntranslatableError if anything is in the query that nobody has looked at."""
    for node in query.walk():
        if isinstance(node, exp.Anonymous):
            if node.name.lower() not in SPARK_FUNCTIONS:
                raise UntranslatableError(
                    f"a function that no rule translates: {node.name.lower()}"
                )
        elif type(node) not in SAME:
            name = node.sql_name() if isinstance(node, exp.Func) else type(node).__name__
            raise UntranslatableError(f"no rule says what this is on Spark: {name.lower()}")


# What the rules write.
SPARK_FUNCTIONS = frozenset(
    {
        "any_value",
        "collect_list",
        "concat_ws",
        "date_trunc",
        "from_json",
        "map",
        "named_struct",
        "percentile_disc",
        "posexplode",
        "raise_error",
        "range",
        "rint",
        "sort_array",
        "timestamp_micros",
        "to_json",
        "translate",
        "unix_micros",
        "xxhash64",
    }
)

SAME = frozenset(
    {
        *(exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order),
        *(exp.Ordered, exp.Limit, exp.Distinct, exp.With, exp.CTE, exp.Subquery, exp.Union, exp.In),
        *(exp.Exists, exp.Lateral, exp.Values, exp.Tuple, exp.Table),
        *(exp.TableAlias, exp.Alias, exp.Column, exp.Star, exp.Identifier, exp.Paren),
        *(exp.Literal, exp.ByteString, exp.Boolean, exp.Null, exp.Var, exp.Interval, exp.DataType),
        *(exp.DataTypeParam, exp.Cast, exp.TryCast, exp.Case, exp.If, exp.Coalesce, exp.Nullif),
        *(exp.And, exp.Or, exp.Not, exp.Is, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE),
        *(exp.Between, exp.NullSafeEQ, exp.NullSafeNEQ, exp.RegexpLike),
        *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.DPipe),
        *(exp.BitwiseAnd, exp.BitwiseRightShift, exp.Abs, exp.Sqrt, exp.Round),
        *(exp.Greatest, exp.Least, exp.ConcatWs, exp.Replace, exp.Trim, exp.Lower, exp.MD5),
        *(exp.RegexpReplace, exp.TimeToStr),
        *(exp.Array, exp.Explode, exp.GenerateSeries, exp.Struct, exp.PropertyEQ),
        *(exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.Window, exp.WindowSpec, exp.Count),
        *(exp.CountIf, exp.Sum, exp.Max, exp.Min, exp.ArgMax, exp.ArgMin, exp.Median),
        *(exp.LogicalAnd, exp.LogicalOr, exp.GroupConcat, exp.FirstValue, exp.LastValue, exp.Lag),
        *(exp.Lead, exp.RowNumber),
    }
)


def _columns(query: exp.Expr) -> set[str]:
    return {column.name.lower() for column in query.find_all(exp.Column)}


def _deepest(query: exp.Expr, *kinds: type) -> list:
    """Return the nodes of some kinds, those inside others before them."""
    return list(query.find_all(*kinds))[::-1]
