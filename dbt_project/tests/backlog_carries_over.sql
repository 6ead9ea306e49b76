with days as (
    select *, lag(closing, 1, 0) over (order by day) as closed_before
    from {{ ref('metric_backlog_by_day') }}
)

select *
from days
where opening <> closed_before or opening + opened - resolved <> closing or closing_over_7_days not between 0 and closing
