with labels as (select * from {{ ref('stg_labels') }})

select
    ticket_id,
    field,
    actor_id,
    value
from labels
where source <> 'recorded' and actor_id is not null
-- a person's last word
qualify row_number() over (partition by ticket_id, field, actor_id order by said_at desc, label_id desc) = 1
