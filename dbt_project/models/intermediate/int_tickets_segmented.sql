with tickets as (select *, 'all' as overall from {{ ref('fct_tickets') }}),

segmented as (
    unpivot tickets
    on
        overall, category, subcategory, priority, severity, customer_tier, sentiment, product, product_version, channel,
        region, language
    into name dimension value segment
)

select
    ticket_id,
    dimension,
    segment,
    status,
    resolution_hours,
    first_response_hours,
    event_count,
    satisfaction_score,
    resolved_at_first_contact,
    suggestions,
    suggestion_accepted
from segmented
