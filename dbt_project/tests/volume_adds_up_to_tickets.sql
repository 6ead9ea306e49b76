with volume as (select coalesce(sum(tickets), 0) as tickets from {{ ref('metric_volume_by_day_category_channel_region') }}),

facts as (select count(*) as tickets from {{ ref('fct_tickets') }})

select *
from volume
cross join facts
where volume.tickets <> facts.tickets
