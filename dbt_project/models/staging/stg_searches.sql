with searches as (select * from {{ source('silver', 'search_events') }})

select
    search_id,
    kind,
    asked_at,
    no_result,
    low_score,
    unaccepted,
    rephrased,
    accepted_rank,
    helped,
    latency_ms
from searches
