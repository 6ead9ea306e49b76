with tickets as (select * from {{ ref('fct_tickets') }})

select
    product_version,
    product,
    version,
    quantile_disc(version_released_on, 0.5) as released_on,
    min(created_on) as first_ticket_on,
    max(created_on) as last_ticket_on,
    count(*) as tickets,
    count(*) filter (where status = 'open') as open_tickets
from tickets
group by product_version, product, version
