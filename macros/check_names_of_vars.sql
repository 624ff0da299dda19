{# A misspelt name would leave the policy as it is, and dbt says nothing. #}
{% macro check_names_of_vars() %}
    {% for name in invocation_args_dict.vars or {} if name not in names_of_vars() %}
        {% do stop_build('there is no var ' ~ name ~ '; there are ' ~ names_of_vars() | join(', ') ~ '.') %}
    {% endfor %}
{% endmacro %}


{# The policy, and what models of one's own take. #}
{% macro names_of_vars() %}
    {% set project = run_query("select content from read_text('dbt_project.yml')").rows[0].content %}
    {% do return(fromyaml(project).vars.keys() | list) %}
{% endmacro %}
