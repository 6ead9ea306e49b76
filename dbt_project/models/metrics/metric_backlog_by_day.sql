with tickets as (select * from {{ ref('fct_tickets') }}),

clock as (select * from {{ ref('int_clock_set') }}),

days as (
    select cast(unnest(generate_series(first_day, last_day, interval 1 day)) as date) as day
    from (
        select
            cast((select min(created_on) from tickets) as timestamp) as first_day,
            cast(cast((select as_of from clock) as date) as timestamp) as last_day
    )
),

-- a ticket adds one to the old backlog a week after it was opened and takes it away when it is resolved
changes as (
    select created_on as day, 1 as opened, 0 as resolved, 0 as aged from tickets
    union all
    -- recorded as resolved before it was opened: it leaves on the day on which it came
    select greatest(resolved_on, created_on), 0, 1, 0 from tickets where resolved_on is not null
    union all
    select created_on + 7, 0, 0, 1 from tickets where resolved_on is null or resolved_on > created_on + 7
    union all
    select resolved_on, 0, 0, -1 from tickets where resolved_on > created_on + 7
),

daily as (
    select
        days.day,
        coalesce(sum(changes.opened), 0) as opened,
        coalesce(sum(changes.resolved), 0) as resolved,
        coalesce(sum(changes.aged), 0) as aged
    from days
    left join changes on days.day = changes.day
    group by days.day
),

running as (
    select
        *,
        sum(opened - resolved) over (order by day) as closing,
        sum(aged) over (order by day) as closing_over_7_days
    from daily
)

select
    day,
    cast(closing - opened + resolved as bigint) as opening,
    cast(opened as bigint) as opened,
    cast(resolved as bigint) as resolved,
    cast(closing as bigint) as closing,
    cast(closing_over_7_days as bigint) as closing_over_7_days
from running
