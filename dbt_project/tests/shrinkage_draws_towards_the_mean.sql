select *
from {{ ref('metric_agent_performance_by_agent_measure') }}
where not (
    reliability between 0 and 1
    and adjusted_effect between adjusted_effect_lower and adjusted_effect_upper
)
