with promises as (select * from {{ ref('int_promises_judged') }}),

counted as (
    select
        promise,
        customer_tier,
        priority,
        max(target_hours) as target_hours,
        count(*) filter (where outcome = 'met') as met,
        count(*) filter (where outcome = 'breached') as breached,
        count(*) filter (where outcome = 'pending') as pending
    from promises
    group by promise, customer_tier, priority
)

select
    promise,
    customer_tier,
    priority,
    target_hours,
    met,
    breached,
    pending,
    {{ share('met', '(met + breached)') }} as attainment,
    {{ wilson('met', '(met + breached)', '-') }} as attainment_lower,
    {{ wilson('met', '(met + breached)', '+') }} as attainment_upper
from counted
