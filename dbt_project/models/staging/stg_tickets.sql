with tickets as (select * from {{ source('silver', 'tickets') }}),

timed as (
    select
        *,
        -- exports without `resolved_at` still say how long it took
        coalesce(
            resolved_at, created_at + to_microseconds(cast(round(resolution_time_hours * 3.6e9) as bigint))
        ) as ended_at
    from tickets
)

select
    ticket_id,
    created_at,
    updated_at,
    ended_at as resolved_at,
    case when ended_at >= created_at then {{ hours_between('created_at', 'ended_at') }} end as resolution_hours,
    {{ identifier('customer_id') }} as customer_id,
    {{ identifier('organization_id') }} as organization_id,
    {{ label('customer_tier') }} as customer_tier,
    {{ label('region') }} as region,
    {{ label('language') }} as language,
    {{ label('channel') }} as channel,
    {{ label('environment') }} as environment,
    {{ label('product') }} as product,
    {{ label('product_version') }} as version,
    {{ label('product_module') }} as module,
    product_version_age_days,
    {{ label('category') }} as category,
    {{ label('subcategory') }} as subcategory,
    {{ label('priority') }} as priority,
    {{ label('severity') }} as severity,
    {{ label('business_impact') }} as business_impact,
    {{ label('customer_sentiment') }} as sentiment,
    known_issue,
    affected_users,
    account_monthly_value,
    {{ identifier('agent_id') }} as agent_id,
    {{ label('agent_specialization') }} as agent_specialization,
    agent_experience_months,
    {{ label('resolution_code') }} as resolution_code,
    resolution_attempts,
    transferred_count,
    escalated,
    resolution_helpful,
    case when satisfaction_score between 1 and 5 then satisfaction_score end as satisfaction_score,
    coalesce(list_distinct(kb_articles_viewed), []) as articles_viewed,
    coalesce(list_distinct(kb_articles_helpful), []) as articles_helpful,
    coalesce(list_distinct(auto_suggested_solutions), []) as suggestions,
    auto_suggestion_accepted as suggestion_accepted
from timed
