with tickets as (select * from {{ ref('int_tickets_segmented') }}),

counted as (
    select
        dimension,
        segment,
        count(resolved_at_first_contact) as known_tickets,
        count(*) filter (where resolved_at_first_contact) as first_contact_tickets
    from tickets
    group by dimension, segment
)

select
    dimension,
    segment,
    known_tickets,
    first_contact_tickets,
    {{ share('first_contact_tickets', 'known_tickets') }} as first_contact_share,
    {{ wilson('first_contact_tickets', 'known_tickets', '-') }}
        as first_contact_share_lower,
    {{ wilson('first_contact_tickets', 'known_tickets', '+') }}
        as first_contact_share_upper
from counted
