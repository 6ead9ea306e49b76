with tickets as (select * from {{ ref('fct_tickets') }} where customer_id is not null)

select
    customer_id,
    arg_max(customer_tier, (created_at, ticket_id)) as customer_tier,
    arg_max(organization_id, (created_at, ticket_id)) as organization_id,
    arg_max(region, (created_at, ticket_id)) as region,
    arg_max(language, (created_at, ticket_id)) as language,
    arg_max(account_monthly_value, (created_at, ticket_id)) as account_monthly_value,
    min(created_at) as first_ticket_at,
    max(created_at) as last_ticket_at,
    count(*) as tickets,
    count(*) filter (where status = 'open') as open_tickets,
    count(satisfaction_score) as ratings,
    {{ figure('avg(satisfaction_score)') }} as satisfaction_mean
from tickets
group by customer_id
