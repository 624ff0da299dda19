-- Nulls come last, in either direction, in windows and lists, too.
select a, b, row_number() over (order by a desc) as n
from (values (2, 'b'), (null, 'c'), (1, null), (3, 'a')) as t (a, b)
order by a;

select string_agg(b, ',' order by a) as s, string_agg(b, ',' order by a desc) as d
from (values (2, 'b'), (null, 'c'), (1, null), (3, 'a')) as t (a, b);

select list(b order by b) as l
from (values (2, 'b'), (null, 'c'), (1, null), (3, 'a')) as t (a, b)
where b is not null;

-- Aggregates leave out the same rows.
select
    max_by(b, a) as x,
    min_by(b, a) as y,
    any_value(b) filter (where a < 2 or a is null) as z,
    max_by(b, (a, b)) filter (where a is not null) as s
from (values (2, 'b'), (null, 'c'), (1, null)) as t (a, b);

select max(struct_pack(a := a, b := b)) as x from (values (1, 5), (2, 1)) as t (a, b);

-- Text made of nulls.
select
    greatest(a, 2) as g,
    least(a, 2) as l,
    b || 'x' as c,
    concat(b, 'x', a) as d,
    concat_ws(' ', a, b) as e
from (values (2, 'b'), (null, 'c'), (1, null), (3, 'a')) as t (a, b)
order by a;

select a from (values (2, 'b'), (null, 'c'), (1, null), (3, 'a')) as t (a, b)
where (a, b) not in (select 2, 'b')
order by a;

select a from (values (1), (null)) as t (a) where a is not distinct from null;

-- Spaces of all kinds around ids; quotes and backslashes in them.
select trim(' 　 x y ') as a, trim(e'\t x \r\n', e' \t\r\n') as b;

select
    'it''s \ "quoted" $1 \1' as a,
    json_object('a', 'it''s \ "q" é/', 'b', null) as b,
    lower('İSTANBUL ΣΑΣ Straße') as c,
    md5('é\') as d;

select p.key, p.value ->> '$' as v
from (values ('{"b":"x\\","a":null,"A":" 1","é \"":"it''s"}')) as t (j)
cross join json_each(t.j) as p
order by p.id;

-- Instants, with any number of digits behind the second.
select
    make_timestamp(t.us) as at,
    make_timestamp(t.us) || ' UTC' as said,
    epoch_us(make_timestamp(t.us)) as again,
    cast(make_timestamp(t.us) as time) as clock
from (values (0), (1674670402479220), (1674670402000000), (1674670402000001)) as t (us)
order by t.us;

select
    epoch_us(date '2026-03-08') as us,
    strftime(make_timestamp(1674670402479220), '%Y-%m-%d %H:%M:%S') as said,
    date '1970-01-01' + cast(20000 as integer) as day;

select u.p, cast(date_trunc(u.p, date '2026-08-13') as date) as d
from (values ('day'), ('week'), ('month'), ('quarter'), ('year')) as u (p)
order by u.p;

-- Offsets, and times without seconds, as instants are read.
select
    a,
    epoch_us(try_cast(
        regexp_replace(
            replace(regexp_replace(trim(a), ' ?(UTC|Z)$', 'Z'), ' +', '+'),
            '^(.{13}:\d\d)(Z|[+-].*)$', '\1:00\2'
        ) as timestamptz
    )) as us
from (values
    ('2023-01-25 18:13 UTC'), ('2023-01-25 18:13+05:30'), ('2023-01-25 18:13:22.5 +01'),
    ('2023-01-25T18:13Z'), ('nothing'), ('2023-02-30 18:13 UTC')
) as t (a)
order by a;

-- Numbers: divided, rounded, added.
select
    7 // 2 as a,
    -7 // 2 as b,
    -7 % 3 as c,
    7 / 2 as d,
    cast(1 as decimal(12, 10)) / 3 as e,
    cast(7 as double) / 3 as f,
    cast(2.5e0 as bigint) as g,
    cast(3.5e0 as bigint) as h,
    cast(-2.5e0 as integer) as i;

select sum(cast(a as decimal(18, 6))) / 3 as a, cast(sum(cast(a as double)) as bigint) as b
from (values (0.1e0), (0.2e0), (1e11)) as t (a);

select (1 - cast('0.9912345678' as decimal(12, 10))) * cast(a as decimal(24, 0)) - a as x
from (values (1), (123456789012345)) as t (a)
order by a;

select median(a) as m, quantile_disc(a, 0.25) as q, median(a) filter (where a > 2) as f
from (values (1), (2), (4), (7), (11)) as t (a);

select cast(try_cast(trim(replace(a, '%', '')) as decimal(14, 10)) / 100 as decimal(12, 10)) as r
from (values ('99.95 %'), ('99.12345678%'), ('x')) as t (a)
order by a;

-- Tables of numbers, also empty ones.
select a, unnest(range(a, 3)) as b from (values (1), (3), (5)) as t (a)
order by a, b;

select d.day from range(7) as d (day)
order by d.day;

-- Text that matches as a whole, line ends among it.
select
    a,
    regexp_full_match(a, '\d+(\.\d+)?\s*%') as m,
    regexp_full_match(a, '.*') as n
from (values ('99.9 %'), (e'99%\n'), (e'9\n%'), (e'9\x0b%'), (e'9\r%'), ('x9%')) as t (a)
order by a;

-- Windows: qualified by, with a frame added, and reaching as far as a column says.
select a, lag(b) over w as p
from (values (2, 'b'), (null, 'c'), (1, null), (3, 'a')) as t (a, b)
window w as (order by a)
qualify p is not null or row_number() over w = 1
order by a;

select a, last_value(b ignore nulls) over (w rows between unbounded preceding and current row) as l
from (values (2, 'b'), (null, 'c'), (1, null), (3, 'a')) as t (a, b)
window w as (order by a)
order by a;

select a, lead(b) over w as n, lag(b) over w as l, sum(a) over w as s
from (values (2, 'b'), (4, 'c'), (1, null), (3, 'a')) as t (a, b)
window w as (order by a rows between unbounded preceding and current row)
order by a;

with t as (
    select * from (values
        ('x', 1, 5, 0), ('x', 4, 2, 3), ('x', 9, 4, 6), (null, 3, 1, 9), (null, 5, 7, 1)
    ) as v (p, a, b, r)
)

select
    p,
    a,
    max(b) over (partition by p order by a range between r preceding and 1 preceding) as m,
    coalesce(sum(b) over (partition by p order by a range between 1 following and r following), 0) as s
from t
order by p, a;

-- Of what a qualify leaves, each once; also where columns stand in it that are not shown.
select distinct a
from (values (1, 1, true), (1, 2, true), (1, 3, true), (2, 4, true), (3, 0, false)) as t (a, b, c)
qualify row_number() over (order by b desc) < 5 and c
order by a;

-- A double is rounded, halves away from zero.
select round(a) as r, round(-a) as n from (values (0.5e0), (1.5e0), (2.4e0), (1e15)) as t (a)
order by a;

-- A case of doubles is one, too.
select cast(case when a > 1 then a / 2 end as bigint) as b from (values (1), (3), (5)) as t (a)
order by a;

-- Patterns with classes and spaces of Unicode, and one letter of each.
select
    a,
    regexp_replace(a, '^[\s\pZ]+', '') as b,
    regexp_full_match(a, '[^\s]*\w[^\w]*') as c
from (values (e' \t x'), ('é'), ('_!'), ('　'), ('a ')) as t (a)
order by a;
