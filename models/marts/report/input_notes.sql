with files as (
    select * from {{ ref('input_files') }}
),

rejected_rows as (
    select * from {{ ref('rejected_rows') }}
),

-- A store that one input alone names is often one whose id has lost something, such as leading zeros.
stores as (
    select
        *,
        cast(is_polled as integer) + cast(has_business_hours as integer) + cast(has_timezone as integer) = 1
            as is_named_once,
    from {{ ref('int_store_keys') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

rows_of_inputs as (
    select input, cast(sum(rows) as bigint) as rows
    from files
    group by input
),

rejected as (
    select input, count(*) as rows
    from rejected_rows
    group by input
),

mostly_set_aside as (
    select
        rejected.input,
        'mostly_set_aside' as kind,
        rejected.rows || ' of the ' || rows_of_inputs.rows || ' rows of ' || rejected.input
        || ' were set aside; rejected_rows says why.' as note,
        true as is_told,
    from rejected
    inner join rows_of_inputs on rejected.input = rows_of_inputs.input
    where 2 * rejected.rows > rows_of_inputs.rows
),

-- One clock that runs ahead moves everybody's report.
polls_before as (
    select max(poll_minutes.last_polled_us) as last_polled_us
    from {{ ref('int_poll_minutes') }} as poll_minutes
    inner join horizon on poll_minutes.last_polled_us < horizon.as_of_us - 60000000
),

far_ahead as (
    select
        'store_status' as input,
        'as_of_far_ahead' as kind,
        'The report looks back from '
        || strftime({{ timestamp_utc('horizon.as_of_us') }}, '%Y-%m-%d %H:%M:%S')
        || ' UTC, more than a day after all polls but those of its last minute, the newest of which is of '
        || strftime({{ timestamp_utc('polls_before.last_polled_us') }}, '%Y-%m-%d %H:%M:%S')
        || ' UTC; a clock may be wrong.' as note,
        true as is_told,
    from horizon
    cross join polls_before
    cross join {{ source('build', 'run') }} as run
    where
        run.named_as_of_us is null
        and horizon.as_of_us - polls_before.last_polled_us > 86400000000
),

stores_by_input as (
    select
        inputs.input,
        count(*) as stores,
        count_if(stores.is_named_once) as stores_alone,
    from stores
    inner join (values ('store_status'), ('business_hours'), ('timezones')) as inputs (input)
        on case inputs.input
            when 'store_status' then stores.is_polled
            when 'business_hours' then stores.has_business_hours
            else stores.has_timezone
        end
    group by inputs.input
),

named_once as (
    select
        input,
        'named_by_one_input' as kind,
        stores_alone || ' of the ' || stores || ' stores of ' || input
        || ' are in no other input; lost leading zeros show like that.' as note,
        10 * stores_alone > stores as is_told,
    from stores_by_input
    where stores_alone > 0
),

notes as (
    select input, file, kind, note, true as is_told
    from {{ source('lake', 'notes') }}

    union all

    select input, null, kind, note, is_told from mostly_set_aside

    union all

    select input, null, kind, note, is_told from far_ahead

    union all

    select input, null, kind, note, is_told from named_once
)

select
    input,
    file,
    kind,
    note,
    is_told,
from notes
order by input, kind, file
