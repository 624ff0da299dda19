{{ config(materialized='view') }}

select least({{ compared_gap_us() }}, {{ max_poll_gap_us() }}) as gap_us
