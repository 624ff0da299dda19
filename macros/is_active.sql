{# Whether a polled status says so; null if it says neither. Nearly all polls have it in lower case and
   without blanks around it, and to compare takes a fifth of the time. #}
{% macro is_active(status) -%}
    case
        when {{ status }} = 'active' then true
        when {{ status }} = 'inactive' then false
        else case lower({{ trimmed(status) }}) when 'active' then true when 'inactive' then false end
    end
{%- endmacro %}
