{# What an engine other than DuckDB does otherwise: Spark keeps no marks, see spark/. #}

{% macro start_run() %}{% do return(adapter.dispatch('start_run')()) %}{% endmacro %}
{% macro end_run(results) %}{% do return(adapter.dispatch('end_run')(results)) %}{% endmacro %}
{% macro open_mark() %}{{ adapter.dispatch('open_mark')() }}{% endmacro %}
{% macro close_mark() %}{{ adapter.dispatch('close_mark')() }}{% endmacro %}
{% macro note_poll_restarts() %}{{ adapter.dispatch('note_poll_restarts')() }}{% endmacro %}
{% macro note_dirty_stores() %}{{ adapter.dispatch('note_dirty_stores')() }}{% endmacro %}
{% macro note_schedules_seen() %}{{ adapter.dispatch('note_schedules_seen')() }}{% endmacro %}
{% macro should_full_refresh() %}{% do return(adapter.dispatch('should_full_refresh')()) %}{% endmacro %}
{% macro is_looked_at(store_id, rows_max) %}{% do return(adapter.dispatch('is_looked_at')(store_id, rows_max)) %}{% endmacro %}
