with tickets as (
    select
        agent_id,
        category || ' / ' || priority || ' / ' || customer_tier as stratum,
        -- times are compared by ratio; a minute is the least that a clock of minutes can tell
        ln(greatest(resolution_hours, 1 / 60)) as resolution_time,
        cast(satisfaction_score as double) as satisfaction,
        cast(resolved_at_first_contact as double) as first_contact_resolution
    from {{ ref('fct_tickets') }}
    where status = 'resolved' and agent_id is not null
),

outcomes as (
    unpivot tickets on resolution_time, satisfaction, first_contact_resolution into name measure value outcome
)

select
    measure,
    stratum,
    agent_id,
    count(*) as tickets,
    sum(outcome) as outcome_sum,
    sum(outcome ^ 2) as outcome_square_sum
from outcomes
group by measure, stratum, agent_id
