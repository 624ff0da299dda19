{# One sentence for the reader of the log; the service looks for the name in front of it. #}
{% macro stop_build(message) %}
    {% do exceptions.raise_compiler_error('Store Uptime: ' ~ message) %}
{% endmacro %}
