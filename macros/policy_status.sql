{# The status that a policy var names, as a word of the timeline. #}
{% macro policy_status(name) -%}
    {%- set words = {'active': 'up', 'inactive': 'down', 'unknown': 'unknown'} -%}
    '{{ words[var(name)] }}'
{%- endmacro %}
