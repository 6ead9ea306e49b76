with ratings as (select * from {{ ref('int_ratings_unpivoted') }}),

levels as (
    select
        *,
        sum(tickets) over (partition by driver, level) as n,
        sum(tickets) over (partition by driver) - sum(tickets) over (partition by driver, level) as m
    from ratings
),

grid as (
    select distinct levels.driver, levels.level, levels.n, levels.m, scores.score
    from levels
    cross join (select unnest(generate_series(1, 5)) as score) as scores
),

totals as (
    select driver, satisfaction_score, sum(tickets) as tickets
    from ratings
    group by driver, satisfaction_score
),

-- x: tickets at the level with this score; y: those at the driver's other levels
crossed as (
    select
        grid.driver,
        grid.level,
        grid.score,
        cast(grid.n as double) as n,
        cast(grid.m as double) as m,
        cast(coalesce(ratings.tickets, 0) as double) as x,
        cast(coalesce(totals.tickets, 0) - coalesce(ratings.tickets, 0) as double) as y
    from grid
    left join ratings
        on grid.driver = ratings.driver and grid.level = ratings.level and grid.score = ratings.satisfaction_score
    left join totals on grid.driver = totals.driver and grid.score = totals.satisfaction_score
),

dominance as (
    select
        *,
        coalesce(sum(x) over below, 0) as x_below,
        coalesce(sum(x) over above, 0) as x_above,
        coalesce(sum(y) over below, 0) as y_below,
        coalesce(sum(y) over above, 0) as y_above
    from crossed
    window
        below as (partition by driver, level order by score rows between unbounded preceding and 1 preceding),
        above as (partition by driver, level order by score rows between 1 following and unbounded following)
),

deltas as (
    select
        *,
        (y_below - y_above) / nullif(m, 0) as row_delta,
        (x_above - x_below) / nullif(n, 0) as column_delta,
        sum(x * (y_below - y_above)) over (partition by driver, level) / nullif(n * m, 0) as delta
    from dominance
),

summed as (
    select
        driver,
        level,
        any_value(n) as n,
        any_value(m) as m,
        any_value(delta) as delta,
        sum(x * score) / any_value(n) as satisfaction_mean,
        sum(y * score) / nullif(any_value(m), 0) as other_satisfaction_mean,
        sum(x * (row_delta - delta) ^ 2) as row_squares,
        sum(y * (column_delta - delta) ^ 2) as column_squares,
        sum(x * (y_below + y_above)) - any_value(n * m * delta ^ 2) as cell_squares
    from deltas
    group by driver, level
),

estimated as (
    select
        *,
        case
            when n > 1 and m > 1 and abs(delta) < 1
                then greatest(
                    (m ^ 2 * row_squares + n ^ 2 * column_squares - cell_squares) / (n * m * (n - 1) * (m - 1)),
                    (1 - delta ^ 2) / (n * m - 1)
                )
        end as variance
    from summed
),

bounded as (
    select
        *,
        {{ z() }} * sqrt(variance) * sqrt((1 - delta ^ 2) ^ 2 + {{ z() }} ^ 2 * variance) as margin,
        1 - delta ^ 2 + {{ z() }} ^ 2 * variance as scale
    from estimated
),

intervals as (
    select
        *,
        (delta - delta ^ 3 - margin) / scale as lower,
        (delta - delta ^ 3 + margin) / scale as upper
    from bounded
)

select
    driver,
    level,
    cast(n as bigint) as ratings,
    {{ figure('satisfaction_mean') }} as satisfaction_mean,
    {{ figure('other_satisfaction_mean') }} as other_satisfaction_mean,
    {{ figure('delta') }} as effect,
    {{ figure('lower') }} as effect_lower,
    {{ figure('upper') }} as effect_upper,
    case
        when abs(delta) < 0.147 then 'negligible'
        when abs(delta) < 0.33 then 'small'
        when abs(delta) < 0.474 then 'medium'
        when abs(delta) >= 0.474 then 'large'
    end as magnitude
from intervals
