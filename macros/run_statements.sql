{# Runs SQL of which no result is wanted; run_query takes milliseconds to hold even an empty one. #}
{% macro run_statements(sql) %}
    {% call statement(auto_begin=false) %}
        {{ sql }}
    {% endcall %}
{% endmacro %}
