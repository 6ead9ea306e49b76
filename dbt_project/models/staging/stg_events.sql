with events as (select * from {{ source('silver', 'events') }})

select
    event_id,
    type,
    ticket_id,
    event_time,
    actor_kind,
    {{ identifier('actor_id') }} as actor_id,
    case when type = 'MessageAdded' then coalesce(payload ->> '$.visibility', 'public') end as visibility,
    case when type like 'Suggestion%' then payload ->> '$.suggestion_id' end as suggestion_id,
    case when type = 'SuggestionShown' then {{ label("payload ->> '$.kind'") }} end as suggestion_kind,
    case when type = 'SuggestionShown' then payload ->> '$.target_id' end as suggestion_target_id,
    case when type = 'SuggestionShown' then coalesce(try_cast(payload ->> '$.rank' as bigint), 1) end as suggestion_rank,
    case when type = 'SuggestionShown' then {{ label("payload ->> '$.release'") }} end as suggestion_release,
    case
        when type = 'SuggestionAccepted' then coalesce(try_cast(payload ->> '$.edited' as boolean), false)
    end as suggestion_edited
from events
