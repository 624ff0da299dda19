{% macro time_of_day_us(column) -%}
    case
        when regexp_full_match(
            {{ trimmed(column) }},
            '([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?|24:00(:00(\.0{1,6})?)?'
        )
            then cast(split_part({{ trimmed(column) }}, ':', 1) as bigint) * 3600000000
                + cast(split_part({{ trimmed(column) }}, ':', 2) as bigint) * 60000000
                + cast(
                    cast(
                        coalesce(nullif(split_part({{ trimmed(column) }}, ':', 3), ''), '0')
                        as decimal(8, 6)
                    ) * 1000000 as bigint
                )
    end
{%- endmacro %}
