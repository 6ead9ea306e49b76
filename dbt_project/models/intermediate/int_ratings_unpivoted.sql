with tickets as (select * from {{ ref('fct_tickets') }} where satisfaction_score is not null),

described as (
    select
        satisfaction_score,
        category,
        priority,
        severity,
        customer_tier,
        sentiment,
        product,
        channel,
        region,
        language,
        case
            when resolution_hours < 4 then 'under 4 h'
            when resolution_hours < 24 then '4 to 24 h'
            when resolution_hours < 72 then '24 to 72 h'
            when resolution_hours >= 72 then '72 h and more'
        end as resolution_time,
        case
            when first_response_hours < 1 then 'under 1 h'
            when first_response_hours < 8 then '1 to 8 h'
            when first_response_hours >= 8 then '8 h and more'
        end as first_response,
        case when escalated then 'yes' when not escalated then 'no' end as escalation,
        case when transferred_count >= 3 then '3 and more' else cast(transferred_count as varchar) end as transfers,
        case when resolution_attempts >= 3 then '3 and more' else cast(resolution_attempts as varchar) end as attempts,
        case
            when resolved_at_first_contact then 'yes' when not resolved_at_first_contact then 'no'
        end as first_contact_resolution,
        case when suggestion_accepted then 'yes' when not suggestion_accepted then 'no' end as suggestion_accepted,
        case when known_issue then 'yes' when not known_issue then 'no' end as known_issue,
        case
            when agent_experience_months < 12 then 'under 1 year'
            when agent_experience_months < 36 then '1 to 3 years'
            when agent_experience_months >= 36 then '3 years and more'
        end as agent_experience,
        case when opened_in_office_hours then 'yes' else 'no' end as office_hours
    from tickets
),

unpivoted as (
    unpivot described
    on
        category, priority, severity, customer_tier, sentiment, product, channel, region, language, resolution_time,
        first_response, escalation, transfers, attempts, first_contact_resolution, suggestion_accepted, known_issue,
        agent_experience, office_hours
    into name driver value level
)

select driver, level, satisfaction_score, count(*) as tickets
from unpivoted
where level <> 'unknown'
group by driver, level, satisfaction_score
