with predictions as (
    select
        *,
        case target when 'sentiment' then 'customer_sentiment' when 'escalation' then 'escalated' else target end as field
    from {{ ref('stg_predictions') }}
),

settled as (
    select
        ticket_id,
        field,
        min(said_at) as first_said_at,
        bool_or(drawn) as drawn,
        -- where a newer record stands over all that was said, nobody settled anything
        max(value) filter (where holds) as value
    from {{ ref('stg_labels') }}
    where source <> 'recorded'
    group by ticket_id, field
    having value is not null
)

select
    predictions.ticket_id,
    predictions.target,
    predictions.release,
    predictions.decision,
    coalesce(predictions.label, 'none') as label,
    predictions.confidence,
    settled.value is not null as settled,
    settled.value = predictions.label as is_right,
    coalesce(settled.drawn, false) as drawn
from predictions
left join settled on predictions.ticket_id = settled.ticket_id and predictions.field = settled.field
-- the last answer that people may have seen when they first spoke of it
where settled.first_said_at is null or predictions.made_at <= settled.first_said_at
qualify row_number() over (
    partition by predictions.ticket_id, predictions.target order by predictions.made_at desc, predictions.event_id desc
) = 1
