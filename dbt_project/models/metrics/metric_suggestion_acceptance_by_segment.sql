with tickets as (select * from {{ ref('int_tickets_segmented') }}),

counted as (
    select
        dimension,
        segment,
        count(*) filter (where suggestions > 0) as tickets_with_suggestion,
        count(suggestion_accepted) as judged_tickets,
        count(*) filter (where suggestion_accepted) as accepted_tickets
    from tickets
    group by dimension, segment
)

select
    dimension,
    segment,
    tickets_with_suggestion,
    judged_tickets,
    accepted_tickets,
    {{ share('accepted_tickets', 'judged_tickets') }} as acceptance_share,
    {{ wilson('accepted_tickets', 'judged_tickets', '-') }}
        as acceptance_share_lower,
    {{ wilson('accepted_tickets', 'judged_tickets', '+') }}
        as acceptance_share_upper
from counted
