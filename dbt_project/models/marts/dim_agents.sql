with tickets as (select * from {{ ref('fct_tickets') }} where agent_id is not null)

select
    agent_id,
    arg_max(agent_specialization, (created_at, ticket_id)) as specialization,
    arg_max(agent_experience_months, (created_at, ticket_id)) as experience_months,
    min(created_at) as first_ticket_at,
    max(created_at) as last_ticket_at,
    count(*) as tickets,
    count(*) filter (where status = 'resolved') as resolved_tickets
from tickets
group by agent_id
