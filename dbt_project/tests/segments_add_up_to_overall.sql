with dimensions as (
    select dimension, sum(resolved_tickets) as resolved_tickets
    from {{ ref('metric_resolution_time_by_segment') }}
    group by dimension
)

select *
from dimensions
where resolved_tickets <> (select resolved_tickets from dimensions where dimension = 'overall')
