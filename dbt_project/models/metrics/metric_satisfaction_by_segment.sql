with tickets as (select * from {{ ref('int_tickets_segmented') }}),

counted as (
    select
        dimension,
        segment,
        count(*) filter (where status = 'resolved') as resolved_tickets,
        count(satisfaction_score) as ratings,
        count(*) filter (where satisfaction_score >= 4) as satisfied,
        avg(satisfaction_score) as satisfaction_mean,
        quantile_disc(satisfaction_score, 0.1) as satisfaction_p10,
        quantile_disc(satisfaction_score, 0.25) as satisfaction_p25,
        quantile_disc(satisfaction_score, 0.5) as satisfaction_p50,
        quantile_disc(satisfaction_score, 0.75) as satisfaction_p75,
        quantile_disc(satisfaction_score, 0.9) as satisfaction_p90
    from tickets
    group by dimension, segment
)

select
    dimension,
    segment,
    resolved_tickets,
    ratings,
    satisfaction_mean,
    satisfaction_p10,
    satisfaction_p25,
    satisfaction_p50,
    satisfaction_p75,
    satisfaction_p90,
    {{ share('satisfied', 'ratings') }} as satisfied_share,
    {{ wilson('satisfied', 'ratings', '-') }} as satisfied_share_lower,
    {{ wilson('satisfied', 'ratings', '+') }} as satisfied_share_upper
from counted
