{# An argument in microseconds. By way of its text, as a cast to a timestamp takes an offset to UTC for
   nothing, and an instant with a zone for what the clock of the session shows. Trimmed, as instant_us would cast
   text with blanks to an instant in the session's zone. #}
{% macro instant_given_us(argument) -%}
    {%- set text = trimmed('cast(' ~ argument ~ ' as varchar)') -%}
    coalesce({{ instant_us(text) }}, epoch_us(cast({{ text }} as timestamp)))
{%- endmacro %}
