{# A column per attribute of the stores, in the order in which the files have them. #}
{% macro attribute_columns(attribute_values) %}
    {% if execute and load_relation(attribute_values) %}
        {% for row in run_query('
            select attribute from ' ~ attribute_values ~ '
            group by attribute order by min((file_key, position))
        ').rows %}
    max(value) filter (where attribute = {{ quoted(row.attribute) }}) as {{ adapter.quote(row.attribute | replace('"', '""')) }},
        {% endfor %}
    {% endif %}
{% endmacro %}
