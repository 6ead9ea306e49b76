select dimension, segment
from {{ ref('metric_resolution_time_by_segment') }}
where resolution_hours_p50 > resolution_hours_p90 or resolution_hours_p90 > resolution_hours_p99
union all
select dimension, segment
from {{ ref('metric_first_response_by_segment') }}
where first_response_hours_p50 > first_response_hours_p90 or first_response_hours_p90 > first_response_hours_p99
union all
select dimension, segment
from {{ ref('metric_satisfaction_by_segment') }}
where
    satisfaction_p10 > satisfaction_p25
    or satisfaction_p25 > satisfaction_p50
    or satisfaction_p50 > satisfaction_p75
    or satisfaction_p75 > satisfaction_p90
