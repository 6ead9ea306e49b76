with tickets as (select * from {{ ref('stg_tickets') }}),

events as (select * from {{ ref('int_events_summarised') }}),

targets as (select * from {{ ref('sla_targets') }}),

office_hours as (select * from {{ ref('office_hours') }})

select
    tickets.ticket_id,
    tickets.created_at,
    cast(tickets.created_at as date) as created_on,
    tickets.resolved_at,
    cast(tickets.resolved_at as date) as resolved_on,
    case when tickets.resolved_at is null then 'open' else 'resolved' end as status,
    tickets.customer_id,
    tickets.organization_id,
    tickets.customer_tier,
    tickets.region,
    tickets.language,
    tickets.channel,
    tickets.environment,
    tickets.product,
    tickets.version,
    case
        when tickets.product = 'unknown' and tickets.version = 'unknown' then 'unknown'
        else tickets.product || ' ' || tickets.version
    end as product_version,
    cast(tickets.created_at as date) - cast(tickets.product_version_age_days as integer) as version_released_on,
    tickets.module,
    tickets.category,
    tickets.subcategory,
    tickets.priority,
    tickets.severity,
    tickets.business_impact,
    tickets.sentiment,
    tickets.known_issue,
    tickets.affected_users,
    tickets.account_monthly_value,
    tickets.agent_id,
    tickets.agent_specialization,
    tickets.agent_experience_months,
    office_hours.weekday is not null as opened_in_office_hours,
    case when events.first_response_at >= tickets.created_at then events.first_response_at end as first_response_at,
    case
        when events.first_response_at >= tickets.created_at
            then {{ hours_between('tickets.created_at', 'events.first_response_at') }}
    end as first_response_hours,
    targets.first_response_hours as first_response_target_hours,
    tickets.resolution_hours,
    targets.resolution_hours as resolution_target_hours,
    tickets.resolution_code,
    tickets.resolution_attempts,
    tickets.transferred_count,
    tickets.escalated,
    coalesce(events.reopened_count, 0) as reopened_count,
    coalesce(events.event_count, 0) as event_count,
    case
        when tickets.resolved_at is not null and tickets.resolution_attempts is not null
            then tickets.resolution_attempts <= 1
                and coalesce(tickets.transferred_count, 0) = 0
                and not coalesce(tickets.escalated, false)
                and coalesce(events.reopened_count, 0) = 0
    end as resolved_at_first_contact,
    tickets.resolution_helpful,
    tickets.satisfaction_score,
    len(tickets.articles_viewed) as articles_viewed,
    len(tickets.articles_helpful) as articles_helpful,
    len(tickets.suggestions) as suggestions,
    case when len(tickets.suggestions) > 0 then tickets.suggestion_accepted end as suggestion_accepted
from tickets
left join events using (ticket_id)
left join targets using (customer_tier, priority)
left join office_hours
    on isodow(tickets.created_at) = office_hours.weekday
    and cast(cast(tickets.created_at as timestamp) as time) >= office_hours.opens
    and cast(cast(tickets.created_at as timestamp) as time) < office_hours.closes
