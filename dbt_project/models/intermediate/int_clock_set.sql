with tickets as (select * from {{ ref('stg_tickets') }}),

events as (select * from {{ ref('stg_events') }}),

newest as (
    select greatest(max(created_at), max(updated_at), max(resolved_at)) as seen_at
    from tickets
    union all
    select max(event_time)
    from events
)

select
    coalesce(cast(nullif('{{ var("as_of") }}', '') as timestamp with time zone), max(seen_at)) as as_of
from newest
