{{ config(severity='warn') }}

select customer_tier, priority, count(*) as tickets
from {{ ref('fct_tickets') }}
where resolution_target_hours is null and customer_tier <> 'unknown' and priority <> 'unknown'
group by customer_tier, priority
