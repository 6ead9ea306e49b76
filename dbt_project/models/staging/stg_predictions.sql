with events as (
    select * from {{ source('silver', 'events') }}
    where type = 'PredictionMade'
),

answers as (
    select
        event_id,
        ticket_id,
        event_time,
        payload ->> '$.release' as release,
        unnest(json_keys(payload, '$.targets')) as target,
        payload -> '$.targets' as targets
    from events
)

select
    event_id,
    ticket_id,
    event_time as made_at,
    release,
    target,
    targets -> target ->> '$.decision' as decision,
    targets -> target ->> '$.label' as label,
    try_cast(targets -> target ->> '$.confidence' as double) as confidence
from answers
