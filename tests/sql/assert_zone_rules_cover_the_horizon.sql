-- Before the seed's first year and after its last no store's hours are known.
select
    horizon.starts_us,
    horizon.ahead_until_us,
    zone_rules.valid_from,
    zone_rules.valid_until
from {{ ref('int_horizon') }} as horizon
cross join {{ ref('timezone_rules') }} as zone_rules
where
    horizon.starts_us < {{ instant_us('zone_rules.valid_from') }}
    or horizon.ahead_until_us > {{ instant_us('zone_rules.valid_until') }}
