select *
from {{ ref('metric_satisfaction_drivers_by_level') }}
where not (effect between -1 and 1 and effect between effect_lower and effect_upper)
