with labels as (select * from {{ source('silver', 'labels') }})

select
    label_id,
    ticket_id,
    field,
    value,
    kind,
    source,
    {{ identifier('actor_id') }} as actor_id,
    said_at,
    coalesce(review_id like 'RND-%', false) as drawn,
    holds
from labels
