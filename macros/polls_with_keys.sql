{# Polls as int_polls keeps them. Those that are set aside have no status; when they are dated in the
   future, it stays known for when. #}
{% macro polls_with_keys(polls, stores) -%}
    select
        {{ stores }}.store_key,
        case
            when {{ polls }}.rejected_as is null or {{ polls }}.rejected_as = 'future_timestamp'
                then {{ polls }}.polled_us
        end as polled_us,
        case
            when {{ polls }}.rejected_as is null and {{ stores }}.store_key is not null
                then {{ polls }}.is_active
        end as is_active,
        {{ polls }}.file_key,
    from {{ polls }}
    left join {{ stores }} on {{ polls }}.spelling = {{ stores }}.spelling
{%- endmacro %}
