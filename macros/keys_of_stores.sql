{# One row per store of `spellings` with its key: known ones keep theirs, the others get the next. A
   store that no input has any more is not known. #}
{% macro keys_of_stores(spellings, known) -%}
    select
        stores.store_id,
        cast(
            coalesce(
                known.store_key,
                (select coalesce(max(store_key), 0) from {{ known }})
                + row_number() over (partition by known.store_key is null order by stores.store_id)
            ) as integer
        ) as store_key,
    from (select distinct store_id from {{ spellings }}) as stores
    left join (select distinct store_id, store_key from {{ known }}) as known
        on stores.store_id = known.store_id
{%- endmacro %}
