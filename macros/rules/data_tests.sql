{# True of all stores while the timeline has at most so many rows, else of a share of the stores that has
   about as many. Which stores depends on the instant of the report, so that each is checked some time. A range
   of hashes and not a remainder, because DuckDB filters by a range before it reads the stores' rows. #}
{% macro default__is_looked_at(store_id, rows_max) -%}
    {% set timeline, horizon = ref('int_store_timeline'), ref('int_horizon') %}
    {% if not execute or not load_relation(timeline) %}
        {% do return('true') %}
    {% endif %}
    {% set found = run_query("
        select
            18446744073709551615::hugeint as most,
            most // greatest(1, ceil(rows / " ~ rows_max ~ "))::bigint + 1 as width,
            hash(as_of_us) // width * width as lowest,
            least(lowest + width - 1, most) as highest
        from " ~ horizon ~ "
        cross join (select count(*) as rows from " ~ timeline ~ ")
    ").rows %}
    {% if not found %}
        {% do return('true') %}
    {% endif %}
    {% do return('hash(' ~ store_id ~ ') between ' ~ found[0].lowest ~ ' and ' ~ found[0].highest) %}
{%- endmacro %}


{# Whether there is no timeline although stores are open, or no store at all. Hours a day from either end
   of the timeline are in it, whatever the zone. #}
{% macro timeline_is_lost() -%}
    not exists (select 1 from {{ ref('int_store_timeline') }})
    and (
        exists (
            select 1
            from {{ ref('int_local_hours') }} as hours
            inner join {{ ref('int_horizon') }} as horizon
                on hours.opens_us >= horizon.starts_us + 86400000000
                and hours.closes_us <= horizon.as_of_us - 86400000000
        )
        or not exists (select 1 from {{ ref('int_store_keys') }})
    )
{%- endmacro %}
