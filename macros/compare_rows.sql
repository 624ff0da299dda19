{# post-hook of models whose rows often stay the same though what they read has changed. #}
{% macro compare_rows() %}
    {% if execute and graph.get('is_same_code') and rows_as_number(this) == graph.rows_before[model.unique_id] %}
        {% do graph.same.append(model.unique_id) %}
    {% endif %}
{% endmacro %}
