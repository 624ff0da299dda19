{# Stops the build if a policy var has a value that means nothing. #}
{% macro check_policy() %}
    {% set words = {
        'status_before_first_poll': ['first_known', 'unknown', 'active', 'inactive'],
        'status_when_never_polled': ['unknown', 'active', 'inactive'],
        'exclusions': ['exclude', 'count_up', 'ignore'],
    } %}
    {% for name, accepted in words.items() if var(name) not in accepted %}
        {% do stop_build('the var ' ~ name ~ ' is "' ~ var(name) ~ '"; it takes ' ~ accepted | join(', ') ~ '.') %}
    {% endfor %}
    {# Not a number is neither. #}
    {% if var('max_poll_gap') is not none and not 0 < (var('max_poll_gap') | string | float) < 1000000 %}
        {% do stop_build('the var max_poll_gap is "' ~ var('max_poll_gap') ~ '"; it takes a number of hours above 0 and below 1000000, or null.') %}
    {% endif %}
    {% set found = run_query("
        select
            " ~ named_as_of_us() ~ " is not null as is_instant,
            coalesce(" ~ named_as_of_us() ~ " < " ~ first_poll_us() ~ ", false) as is_before_zone_rules,
            " ~ closes_at_midnight_from_us() ~ " is not null as is_time,
            exists (
                select 1 from read_csv('seeds/timezone_offsets.csv', all_varchar = true)
                where timezone = " ~ quoted(var('default_timezone') | string) ~ "
            ) as is_timezone
    ").rows[0] %}
    {% if var('as_of') is not none and not found.is_instant %}
        {% do stop_build('the var as_of is "' ~ var('as_of') ~ '"; it takes an instant such as "2023-01-25 18:13:22", in UTC unless it has an offset.') %}
    {% endif %}
    {% if found.is_before_zone_rules %}
        {% do stop_build('the var as_of is "' ~ var('as_of') ~ '", before 2015, from when on polls count.') %}
    {% endif %}
    {% if not found.is_time %}
        {% do stop_build('the var closes_at_midnight_from is "' ~ var('closes_at_midnight_from') ~ '"; it takes a time of day in quotes, such as "23:59:00".') %}
    {% endif %}
    {% if not found.is_timezone %}
        {% do stop_build('the var default_timezone is "' ~ var('default_timezone') ~ '", which the seed timezone_offsets does not know.') %}
    {% endif %}
{% endmacro %}
