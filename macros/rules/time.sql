{# Casting to a zoned timestamp takes ten times as long as to one without, and is for offsets only;
   with them, text that ends in " UTC" takes 20 times as long as text that ends in "Z". #}
{% macro instant_us(text) -%}
    case
        when regexp_full_match(
            {{ text }}, '\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?(Z| UTC)?)?'
        )
            then epoch_us(try_cast({{ text }} as timestamp))
        when regexp_full_match(
            {{ text }},
            '[\s\pZ]*\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?( ?Z| ?UTC| ?[+-]([01]\d|2[0-3])(:?[0-5]\d)?)?[\s\pZ]*'
        )
            then epoch_us(
                try_cast(
                    regexp_replace(
                        replace(replace(regexp_replace(
                            {{ trimmed(text) }}, ' ?(UTC|Z)$', 'Z'), ' +', '+'), ' -', '-'
                        ),
                        -- DuckDB reads no zone after a time without seconds.
                        '^(.{13}:\d\d)(Z|[+-].*)$', '\1:00\2'
                    ) as timestamptz
                )
            )
    end
{%- endmacro %}


{# An argument in microseconds. By way of its text, as a cast to a timestamp takes an offset to UTC for
   nothing, and an instant with a zone for what the clock of the session shows. Trimmed, as instant_us would cast
   text with blanks to an instant in the session's zone. #}
{% macro instant_given_us(argument) -%}
    {%- set text = trimmed('cast(' ~ argument ~ ' as varchar)') -%}
    coalesce({{ instant_us(text) }}, epoch_us(cast({{ text }} as timestamp)))
{%- endmacro %}


{# Text without the blanks around it: tabs and line ends, too, which DuckDB's trim leaves. #}
{% macro trimmed(text) -%}
    trim(trim({{ text }}, e' \t\r\n'))
{%- endmacro %}


{% macro timestamp_utc(us) -%}
    make_timestamp({{ us }})
{%- endmacro %}


{# Days are counted from 1970-01-01, before which nothing is told. #}
{% macro day_of(us) -%}
    (({{ us }}) // 86400000000)
{%- endmacro %}


{% macro date_of(day) -%}
    date '1970-01-01' + cast({{ day }} as integer)
{%- endmacro %}


{# What a clock shows at a local instant; midnight at the end of a day is 00:00. #}
{% macro time_of_day(local_us) -%}
    cast(make_timestamp({{ local_us }} % 86400000000) as time)
{%- endmacro %}


{# Hours are counted from 1970-01-01. #}
{% macro hour_of(us) -%}
    (({{ us }}) // 3600000000)
{%- endmacro %}


{# Weeks are counted from Monday 1970-01-05, as Monday is day 0 of the business hours. #}
{% macro week_of(us) -%}
    (({{ us }} - 345600000000) // 604800000000)
{%- endmacro %}
