{# Of further columns with the same name the second gets `_2` at its end, or the first number that no
   other column has. #}
{% macro distinct_names(input, names) %}
    {% set known = input_columns()[input].columns.values() | sum(start=[]) %}
    {% set distinct = [] %}
    {% for name in names %}
        {% set numbered = [] %}
        {% if name and name in distinct and name not in known %}
            {% for number in range(2, names | length + 1) %}
                {% do numbered.append(name ~ '_' ~ number) %}
            {% endfor %}
        {% endif %}
        {% do distinct.append(numbered | reject('in', names + distinct) | first | default(name, true)) %}
    {% endfor %}
    {% do return(distinct) %}
{% endmacro %}
