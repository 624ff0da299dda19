{# When hours close, in microseconds since 00:00 of the day on which they open. Files write the end
   of the day as 23:59, 23:59:00 or 23:59:59; what closes before it opens closes on the next day. #}
{% macro closing_us(opens_us, closes_us) -%}
    case
        when {{ closes_us }} >= {{ closes_at_midnight_from_us() }} then 86400000000
        when {{ closes_us }} <= {{ opens_us }} then {{ closes_us }} + 86400000000
        else {{ closes_us }}
    end
{%- endmacro %}
