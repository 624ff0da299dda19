{# An argument in microseconds. By way of its text, as a cast to a timestamp takes an offset to UTC for
   nothing, and an instant with a zone for what the clock of the session shows. #}
{% macro instant_given_us(argument) -%}
    {%- set text = 'cast(' ~ argument ~ ' as varchar)' -%}
    coalesce({{ instant_us(text) }}, epoch_us(cast({{ text }} as timestamp)))
{%- endmacro %}
