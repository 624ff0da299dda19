{# Whether there is no timeline although stores are open, or no store at all. #}
{% macro timeline_is_lost() -%}
    not exists (select 1 from {{ ref('int_store_timeline') }})
    and (
        exists (select 1 from {{ ref('int_business_windows') }})
        or not exists (select 1 from {{ ref('int_store_keys') }})
    )
{%- endmacro %}
