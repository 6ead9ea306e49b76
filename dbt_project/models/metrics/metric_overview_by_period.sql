with tickets as (select * from {{ ref('fct_tickets') }}),

today as (select cast(as_of as date) as day from {{ ref('int_clock_set') }}),

periods as (
    select 'last_7_days' as period, day - 6 as first_day, day as last_day from today
    union all
    select 'previous_7_days', day - 13, day - 7 from today
    union all
    select 'last_28_days', day - 27, day from today
    union all
    select 'previous_28_days', day - 55, day - 28 from today
    union all
    select 'all', (select min(created_on) from tickets), day from today
)

select
    periods.period,
    periods.first_day,
    periods.last_day,
    count(*) filter (where tickets.created_on between first_day and last_day) as opened,
    count(*) filter (where tickets.resolved_on between first_day and last_day) as resolved,
    count(*) filter (
        where tickets.created_on <= last_day and (tickets.resolved_on is null or tickets.resolved_on > last_day)
    ) as open_at_end,
    quantile_cont(tickets.resolution_hours, 0.5) filter (
        where tickets.resolved_on between first_day and last_day
    ) as resolution_hours_p50,
    {{ figure('avg(tickets.satisfaction_score) filter (
        where tickets.resolved_on between first_day and last_day
    )') }} as satisfaction_mean,
    {{ figure('avg(cast(tickets.resolved_at_first_contact as double)) filter (
        where tickets.resolved_on between first_day and last_day
    )') }} as first_contact_share
from periods
left join tickets on true
group by periods.period, periods.first_day, periods.last_day
