with promises as (select * from {{ ref('int_promises_judged') }}),

counted as (
    select
        promise,
        due_on as day,
        count(*) filter (where outcome = 'met') as met,
        count(*) filter (where outcome = 'breached') as breached,
        count(*) filter (where outcome = 'pending') as pending
    from promises
    group by promise, due_on
)

select
    promise,
    day,
    met,
    breached,
    pending,
    {{ share('met', '(met + breached)') }} as attainment
from counted
