-- Behind the seed's last year no store's hours are known.
select
    horizon.as_of_us,
    zone_rules.valid_until
from {{ ref('int_horizon') }} as horizon
cross join {{ ref('timezone_rules') }} as zone_rules
where horizon.as_of_us > {{ instant_us('zone_rules.valid_until') }}
