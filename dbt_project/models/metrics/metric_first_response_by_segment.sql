with tickets as (select * from {{ ref('int_tickets_segmented') }})

select
    dimension,
    segment,
    count(*) filter (where event_count > 0) as observed_tickets,
    count(first_response_hours) as answered_tickets,
    quantile_cont(first_response_hours, 0.5) as first_response_hours_p50,
    quantile_cont(first_response_hours, 0.9) as first_response_hours_p90,
    quantile_cont(first_response_hours, 0.99) as first_response_hours_p99
from tickets
group by dimension, segment
