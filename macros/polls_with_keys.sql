{# Polls as int_polls keeps them. Those without a store are set aside, too. #}
{% macro polls_with_keys(polls, stores) -%}
    select
        {{ stores }}.store_key,
        {{ polls }}.polled_us,
        case when {{ stores }}.store_key is not null then {{ polls }}.is_active end as is_active,
        {{ polls }}.file_key,
    from {{ polls }}
    left join {{ stores }} on {{ polls }}.spelling = {{ stores }}.spelling
{%- endmacro %}
