with polls as (
    select * from {{ ref('int_polls') }}
),

removed_polls as (
    select * from {{ source('inputs', 'removed_polls') }}
),

files as (
    select * from {{ source('inputs', 'files') }}
),

build as (
    select * from {{ source('inputs', 'build') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

status_changes_before as (
    select * from {{ source('inputs', 'status_changes_before') }}
),

added_polls as (
    select polls.store_key, polls.polled_us
    from polls
    inner join files on polls.file_key = files.file_key
    inner join build on build.is_incremental
    where polls.is_active is not null and files.is_new
),

-- When the newest polls are gone, long gaps count that lay too far back for the last build.
looked_back_at as (
    select
        status_changes_before.store_key,
        {{ polls_kept_from_us('horizon.as_of_us') }} as polled_us,
    from status_changes_before
    inner join horizon on horizon.as_of_us < horizon.previous_as_of_us
),

touched as (
    select store_key, min(polled_us) as touched_us
    from (
        select store_key, polled_us from added_polls
        union all
        select store_key, polled_us from removed_polls
        where polled_us is not null
        union all
        select store_key, polled_us from looked_back_at
    ) as polls_added_or_removed
    group by store_key
)

-- Every status change is a poll, and so is the last row of a store: what is known up to there
-- stays, and the polls from there on are looked at again.
select
    touched.store_key,
    max(status_changes_before.polled_us) as restart_us,
    coalesce(max(status_changes_before.polled_us), touched.touched_us) as from_us,
    max_by(status_changes_before.previous_polled_us, status_changes_before.polled_us)
        as previous_polled_us,
    max_by(status_changes_before.is_change, status_changes_before.polled_us) as is_change,
    coalesce(
        max_by(status_changes_before.poll_number, status_changes_before.polled_us), 1
    ) as poll_number,
from touched
left join status_changes_before
    on touched.store_key = status_changes_before.store_key
    and touched.touched_us > status_changes_before.polled_us
group by touched.store_key, touched.touched_us
