{# Predicates of rows that a build replaces: those of each store whose column reaches `from_us`, an
   expression over int_changes, and those of stores that are gone. #}
{% macro from_the_change_on(column, from_us) %}
    {% do return([
        "target." ~ column ~ " >= (select min(" ~ from_us ~ ") from intermediate.int_changes as changes)
        and exists (
            select 1
            from intermediate.int_changes as changes
            where changes.store_key = target.store_key and target." ~ column ~ " >= " ~ from_us ~ "
        )",
        "target.store_key not in (select store_key from intermediate.int_changes)",
    ]) %}
{% endmacro %}
