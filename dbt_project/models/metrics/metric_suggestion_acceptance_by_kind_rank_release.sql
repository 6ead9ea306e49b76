with suggestions as (select * from {{ ref('int_suggestions_judged') }}),

counted as (
    select
        kind,
        rank,
        release,
        count(*) as shown,
        count(*) filter (where outcome = 'accepted') as accepted,
        count(*) filter (where outcome = 'refused') as refused,
        count(*) filter (where edited) as edited
    from suggestions
    group by kind, rank, release
)

select
    kind,
    rank,
    release,
    shown,
    accepted,
    refused,
    edited,
    {{ share('accepted', 'shown') }} as acceptance_share,
    {{ wilson('accepted', 'shown', '-') }} as acceptance_share_lower,
    {{ wilson('accepted', 'shown', '+') }} as acceptance_share_upper
from counted
