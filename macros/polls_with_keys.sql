{# Polls as int_polls keeps them. Those that are set aside have no status; when they are dated in the
   future, it stays known for when. The reasons are left out before the join, as its cost grows with each column. #}
{% macro polls_with_keys(polls, stores) -%}
    select
        {{ stores }}.store_key,
        judged.polled_us,
        case when {{ stores }}.store_key is not null then judged.is_active end as is_active,
        judged.file_key,
    from (
        select
            spelling,
            case when rejected_as is null or rejected_as = 'future_timestamp' then polled_us end as polled_us,
            case when rejected_as is null then is_active end as is_active,
            file_key,
        from {{ polls }}
    ) as judged
    left join {{ stores }} on judged.spelling = {{ stores }}.spelling
{%- endmacro %}
