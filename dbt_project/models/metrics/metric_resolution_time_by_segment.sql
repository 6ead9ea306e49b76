with tickets as (select * from {{ ref('int_tickets_segmented') }})

select
    dimension,
    segment,
    count(resolution_hours) as resolved_tickets,
    quantile_cont(resolution_hours, 0.5) as resolution_hours_p50,
    quantile_cont(resolution_hours, 0.9) as resolution_hours_p90,
    quantile_cont(resolution_hours, 0.99) as resolution_hours_p99,
    {{ figure('avg(resolution_hours)') }} as resolution_hours_mean
from tickets
group by dimension, segment
