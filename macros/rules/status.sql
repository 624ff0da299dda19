{# One byte a row instead of sixteen. Readers get text. #}
{% macro status_type() -%}
    enum ('up', 'down', 'unknown', 'excluded')
{%- endmacro %}


{% macro up_or_down(is_active) -%}
    case when {{ is_active }} then 'up' else 'down' end
{%- endmacro %}


{# Until when the polls of a run confirm its status: its last poll, or as long as that holds where the
   next run agrees, because it only ended for want of polls. #}
{% macro confirmed_until_us(runs) -%}
    case
        when {{ runs }}.next_is_active = {{ runs }}.is_active
            then {{ runs }}.last_polled_us + {{ max_poll_gap_us() }}
        else {{ runs }}.last_polled_us
    end
{%- endmacro %}
