with tickets as (select * from {{ ref('fct_tickets') }} where resolution_hours is not null)

select
    resolved_on as day,
    count(*) as resolved_tickets,
    quantile_cont(resolution_hours, 0.5) as resolution_hours_p50,
    quantile_cont(resolution_hours, 0.9) as resolution_hours_p90,
    quantile_cont(resolution_hours, 0.99) as resolution_hours_p99
from tickets
group by resolved_on
