with tickets as (select * from {{ ref('fct_tickets') }}),

clock as (select * from {{ ref('int_clock_set') }}),

promises as (
    select
        ticket_id,
        customer_tier,
        priority,
        created_at,
        'resolution' as promise,
        resolution_target_hours as target_hours,
        resolved_at as kept_at
    from tickets
    union all
    select
        ticket_id,
        customer_tier,
        priority,
        created_at,
        'first_response',
        first_response_target_hours,
        first_response_at
    from tickets
    -- silence is only known of tickets whose messages are
    where event_count > 0
),

due as (
    select
        promises.*,
        created_at + to_microseconds(cast(target_hours * 3.6e9 as bigint)) as due_at
    from promises
    where target_hours is not null
)

select
    due.ticket_id,
    due.promise,
    due.customer_tier,
    due.priority,
    due.target_hours,
    due.due_at,
    cast(due.due_at as date) as due_on,
    case
        when due.kept_at <= due.due_at then 'met'
        when due.kept_at > due.due_at or clock.as_of > due.due_at then 'breached'
        else 'pending'
    end as outcome
from due
cross join clock
