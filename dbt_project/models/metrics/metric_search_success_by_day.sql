with searches as (select * from {{ ref('stg_searches') }}),

counted as (
    select
        cast(asked_at at time zone 'UTC' as date) as day,
        count(*) as searches,
        count(*) filter (where no_result) as without_result,
        count(*) filter (where low_score) as low_score,
        count(*) filter (where rephrased) as rephrased,
        count(*) filter (where unaccepted is null) as pending,
        count(*) filter (where not unaccepted) as accepted,
        count(*) filter (where helped) as helped,
        sum(1.0 / accepted_rank) filter (where not unaccepted) as reciprocal_ranks,
        quantile_cont(latency_ms, 0.5) as latency_ms_p50
    from searches
    group by day
)

select
    day,
    searches,
    without_result,
    low_score,
    rephrased,
    pending,
    accepted,
    helped,
    -- those still open are mostly the ones that nobody will accept
    case when pending = 0 then {{ share('accepted', 'searches') }} end as acceptance_share,
    case when pending = 0 then {{ wilson('accepted', 'searches', '-') }} end as acceptance_share_lower,
    case when pending = 0 then {{ wilson('accepted', 'searches', '+') }} end as acceptance_share_upper,
    case when pending = 0 then {{ figure('coalesce(reciprocal_ranks, 0) / searches') }} end as mean_reciprocal_rank,
    {{ figure('latency_ms_p50') }} as latency_ms_p50
from counted
