with seed as (select * from {{ ref('decision_policy') }}),

changes as (
    select
        coalesce(payload ->> '$.target', '*') as target,
        coalesce(payload ->> '$.label', '*') as label,
        payload ->> '$.decision' as decision,
        try_cast(payload ->> '$.precision' as double) as precision
    from {{ source('silver', 'events') }}
    where type = 'PolicyChanged'
    qualify row_number() over (partition by target, label, decision order by event_time desc, event_id desc) = 1
)

select
    coalesce(changes.target, seed.target) as target,
    coalesce(changes.label, seed.label) as label,
    coalesce(changes.decision, seed.decision) as decision,
    coalesce(changes.precision, seed.precision) as precision
from seed
full join changes
    on seed.target = changes.target and seed.label = changes.label and seed.decision = changes.decision
-- a change without a precision takes the edits back; of a rule that the seed does not have nothing is left
where coalesce(changes.precision, seed.precision) is not null
