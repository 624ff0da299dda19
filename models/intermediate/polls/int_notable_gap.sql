{{ config(materialized='view') }}

-- Two hours are the shortest gap to which any of the compared policies limits a status.
select least({{ compared_gap_us() }}, {{ max_poll_gap_us() }}) as gap_us
