{# What the bodies of incremental models need to know of themselves. #}


{# The load up to which the table has taken in files: 0 if it starts afresh, or read files otherwise than now. #}
{% macro load_seen() -%}
    {%- if not is_incremental() -%}
        0
    {%- else -%}
        {{ run_query("
            select case when marks.read_as <> parents.read_as then 0 else marks.load end
            from build.marks as marks
            inner join build.parents as parents on marks.name = parents.name
            where marks.name = " ~ quoted(model.name)
        ).rows[0][0] }}
    {%- endif -%}
{%- endmacro %}


{# The table's own rows before this run; none if it starts afresh. #}
{% macro rows_so_far(columns, no_columns) -%}
    {%- if is_incremental() -%}
        select {{ columns }} from {{ this }}
    {%- else -%}
        select {{ no_columns }} where false
    {%- endif -%}
{%- endmacro %}


{# SQL that only a model that goes on needs. #}
{% macro when_going_on(sql) -%}
    {{ sql if is_incremental() }}
{%- endmacro %}


{# pre-hook of int_notable_polls: the last notable poll of each store before the first poll that came or went; what is
   known up to there stays. A store of which no poll came before has no such poll, and is looked at from its first one.
   There are none where the table starts afresh: it has no mark by now, so that it has seen nothing change. #}
{% macro default__note_poll_restarts() %}
    {% if not load_relation(this) %}
    delete from build.poll_restarts
    {% else %}
    create or replace table build.poll_restarts as
    select
        changed.store_key,
        coalesce(max(notable.polled_us), changed.first_polled_us) as from_us,
        max(notable.polled_us) as restart_us,
        max_by(notable.previous_polled_us, notable.polled_us) as previous_polled_us,
        max_by(notable.previous_is_active, notable.polled_us) as previous_is_active,
        max_by(notable.poll_number, notable.polled_us) as poll_number,
    from intermediate.int_changed_polls as changed
    left join {{ this }} as notable
        on changed.store_key = notable.store_key
        and changed.first_polled_us > notable.polled_us
    where changed.reader = 'int_notable_polls'
    group by changed.store_key, changed.first_polled_us
    {% endif %}
{% endmacro %}


{# pre-hook of the timeline and of the days: from when on this run works each store out again. #}
{% macro default__note_dirty_stores() %}
    delete from build.dirty_stores where reader = {{ quoted(this.identifier) }};
    insert into build.dirty_stores
    select reader, store_key, from_us from intermediate.int_dirty_stores
    where reader = {{ quoted(this.identifier) }}
{% endmacro %}


{# post-hook of the timeline and of the days: the schedules that they show. #}
{% macro default__note_schedules_seen() %}
    delete from build.schedules_seen where reader = {{ quoted(this.identifier) }};
    insert into build.schedules_seen
    select {{ quoted(this.identifier) }}, store_key, schedule
    from {{ 'intermediate.int_store_schedules' if this.identifier == 'int_store_timeline'
        else "build.schedules_seen where reader = 'int_store_timeline'" }}
{% endmacro %}
