with events as (select * from {{ ref('stg_events') }})

select
    ticket_id,
    min(event_time) filter (
        where type = 'MessageAdded' and actor_kind = 'agent' and visibility = 'public'
    ) as first_response_at,
    count(*) filter (where type = 'TicketReopened') as reopened_count,
    count(*) as event_count
from events
group by ticket_id
