{# A mark says what a table was made of. `made_of` is the md5 of the model's own text and of what it reads, as that
   stands: of tables what their marks say; of views their text, and what they read. `edition` is the oldest edition of the
   inputs (see load.sql) in what it reads; a view, which is never behind, has none. An incremental model goes on only from a
   table with a mark that is closed and was made of the same; the mark is opened first and written last, so that whatever
   breaks in between makes it start afresh. #}


{# What the project has, and what each model reads, through views, down to the next tables and inputs. #}
{% macro nodes_sql() %}
    {% set nodes, parents, names = [], [], {} %}
    {# dbt makes a node anew each time that it is asked for. #}
    {% for id, node in graph.nodes.items() %}
        {% do names.update({id: node.name}) %}
    {% endfor %}
    {% for node in graph.nodes.values() if node.resource_type in ['model', 'seed', 'snapshot'] and node.config.enabled %}
        {% do nodes.append('(' ~ quoted(node.name) ~ ', ' ~ quoted(node.config.materialized) ~ ', '
            ~ quoted(written_text(node)) ~ ')') %}
        {% for parent in node.depends_on.nodes %}
            {% set name = names[parent] if parent in names
                else 'lake' if graph.sources[parent].schema in ['lake', 'build'] else parent %}
            {% do parents.append('(' ~ quoted(node.name) ~ ', ' ~ quoted(name) ~ ')') %}
        {% endfor %}
    {% endfor %}
    create or replace table build.nodes as
    select * from (values {{ nodes | join(', ') }}) as nodes (name, kind, written_text);

    create or replace table build.reads as
    with recursive parents (name, parent) as (
        values {{ parents | join(', ') }}
    ),

    reads as (
        select name, parent from parents
        union
        select reads.name, parents.parent
        from reads
        inner join parents on reads.parent = parents.name
        inner join build.nodes as nodes on reads.parent = nodes.name and nodes.kind in ('view', 'ephemeral')
    )

    select reads.name, reads.parent, nodes.kind, nodes.written_text
    from reads
    left join build.nodes as nodes on reads.parent = nodes.name;

    -- What has no mark is older than all; a seed, and what stands on seeds alone, is of no edition.
    create or replace view build.parents as
    with inputs as (
        select
            *,
            parent = 'lake' or kind not in ('view', 'ephemeral', 'seed', 'snapshot') as is_of_inputs,
        from build.reads
    ),

    parents as (
        select
            inputs.name,
            string_agg(
                case inputs.kind
                    when 'ephemeral' then inputs.written_text
                    when 'view' then coalesce(marks.own_text, 'nothing')
                    else coalesce(marks.made_of, 'nothing')
                end,
                ' ' order by inputs.parent
            ) as made_of,
            min(case when marks.name is null then 0 else marks.edition end) filter (where is_of_inputs) as edition,
            min(case when marks.name is null then 0 else marks.load end) filter (where is_of_inputs) as load,
        from inputs
        left join build.marks as marks on inputs.parent = marks.name
        group by inputs.name
    )

    -- What a model is made of that is known by its text as written.
    select parents.*, md5(concat_ws(' ', nodes.written_text, parents.made_of)) as read_as
    from parents
    inner join build.nodes as nodes on parents.name = nodes.name
{% endmacro %}


{# Where it is to stand, and its text before it is compiled. #}
{% macro written_text(node) %}
    {% set text = node.checksum.checksum if node.resource_type == 'seed' else node.raw_code %}
    {% do return(local_md5(node.schema ~ '.' ~ node.alias ~ ' ' ~ text)) %}
{% endmacro %}


{# The text that a model is known by. That of an incremental model is as written, since the text that it
   compiles to depends on whether it goes on; rules that it needs stand in views before it. #}
{% macro own_text(node) %}
    {% if node.resource_type == 'seed' or node.config.materialized == 'incremental' %}
        {% do return(written_text(node)) %}
    {% endif %}
    {% set text = node.get('compiled_code') or node.raw_code %}
    {% do return(local_md5(text | replace(adapter.quote(target.database) ~ '.', ''))) %}
{% endmacro %}


{# dbt's own, which asks the config and --full-refresh; a model that replaces rows also starts afresh without a mark
   to go on from. #}
{% macro default__should_full_refresh() %}
    {% set configured = config.get('full_refresh') %}
    {% if configured is not none %}
        {% do return(configured) %}
    {% endif %}
    {% do return(flags.FULL_REFRESH or (execute and model.name and starts_afresh())) %}
{% endmacro %}


{# Also where a version of which the table has rows has been pruned, so that nobody can say which they are. #}
{% macro starts_afresh() %}
    {% if not (config.get('incremental_strategy') or '').startswith('replace_') %}
        {% do return(false) %}
    {% elif flags.WHICH not in ['build', 'run', 'test', 'seed'] %}
        {% do return(true) %}
    {% endif %}
    {% do return(run_query("
        select count(*)
        from build.marks as marks
        inner join build.parents as parents on marks.name = parents.name
        cross join build.run as run
        where
            marks.name = " ~ quoted(model.name) ~ "
            and not marks.is_open
            and marks.load >= run.pruned_load
            and marks.made_of = parents.read_as
    ").rows[0][0] == 0) %}
{% endmacro %}


{# pre-hook of every model and seed. #}
{% macro default__open_mark() %}
    {% if model.config.materialized == 'incremental' and is_incremental() %}
        update build.marks set is_open = true where name = {{ quoted(model.name) }}
    {% else %}
        delete from build.marks where name = {{ quoted(model.name) }}
    {% endif %}
{% endmacro %}


{# post-hook of every model and seed: the last that is written. With --empty or --sample the mark stays as open as it was.
   A view is made of its text alone: what it reads shows in what reads it. A table that is never made again is made of
   its birth alone, and how it read its parents is kept beside. #}
{% macro default__close_mark() %}
    {% if execute and not has_rows_missing() %}
        {% set text, reads, read_as = quoted(own_text(model)), 'parents.made_of', 'null' %}
        {% if config.get('meta', {}).get('is_never_made_again') %}
            {% set born = run_query('select own_text from build.marks where name = ' ~ quoted(model.name)).rows %}
            {% set text, reads, read_as = quoted(born[0][0] if born else invocation_id), 'run.lake_id', 'parents.read_as' %}
        {% endif %}
        {% set seen = config.get('meta', {}).get('seen') %}
        delete from build.marks where name = {{ quoted(model.name) }};
        insert into build.marks
        select
            nodes.name, md5(concat_ws(' ', {{ text }}, {{ reads }})), {{ text }}, nodes.written_text, run.project,
            parents.edition, parents.load, {{ 'seen.as_of_us, seen.starts_us' if seen else 'null, null' }}, false,
            {{ read_as }}
        from build.nodes as nodes
        cross join build.run as run
        left join build.parents as parents
            on nodes.name = parents.name{{ ' and false' if model.config.materialized == 'view' }}
        {{ 'cross join (' ~ seen ~ ') as seen' if seen }}
        where nodes.name = {{ quoted(model.name) }}
    {% endif %}
{% endmacro %}


{% macro has_rows_missing() %}
    {% do return(flags.EMPTY or invocation_args_dict.get('sample')) %}
{% endmacro %}


{# The names of models and seeds of which nobody knows that they are what a whole build would make now. #}
{% macro nodes_not_current() %}
    {% set found = run_query("
        select nodes.name
        from build.nodes as nodes
        cross join build.run as run
        left join build.marks as marks on nodes.name = marks.name
        left join build.parents as parents on nodes.name = parents.name and nodes.kind <> 'view'
        where
            nodes.kind not in ('ephemeral', 'snapshot')
            and not coalesce(
                not marks.is_open
                and marks.written_text = nodes.written_text
                and marks.project = run.project
                and coalesce(
                    marks.edition = (select edition from build.marks where name = 'lake'), marks.edition is null
                )
                and coalesce(
                    marks.read_as = parents.read_as,
                    marks.made_of = md5(concat_ws(' ', marks.own_text, parents.made_of))
                ),
                false
            )
        order by nodes.name
    ").columns[0].values() %}
    {% do return(found | list) %}
{% endmacro %}
