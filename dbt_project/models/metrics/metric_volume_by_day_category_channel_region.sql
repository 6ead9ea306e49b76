with tickets as (select * from {{ ref('fct_tickets') }})

select
    created_on as day,
    category,
    channel,
    region,
    count(*) as tickets
from tickets
group by created_on, category, channel, region
