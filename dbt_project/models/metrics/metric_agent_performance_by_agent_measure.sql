with outcomes as (select * from {{ ref('int_outcomes_stratified') }}),

strata as (
    select
        measure,
        stratum,
        sum(outcome_sum) / sum(tickets) as mean,
        sum(outcome_square_sum) - sum(outcome_sum) ^ 2 / sum(tickets) as squares,
        sum(tickets) as tickets
    from outcomes
    group by measure, stratum
    -- what one agent alone works on says nothing about that agent
    having count(*) > 1
),

spread as (
    select measure, greatest(sum(squares), 0) / nullif(sum(tickets) - count(*), 0) as variance
    from strata
    group by measure
),

agents as (
    select
        outcomes.measure,
        outcomes.agent_id,
        sum(outcomes.tickets) as tickets,
        sum(outcomes.outcome_sum) / sum(outcomes.tickets) as observed,
        sum(outcomes.tickets * strata.mean) / sum(outcomes.tickets) as expected
    from outcomes
    inner join strata using (measure, stratum)
    group by outcomes.measure, outcomes.agent_id
),

effects as (
    select
        agents.*,
        agents.observed - agents.expected as effect,
        spread.variance / agents.tickets as error_variance
    from agents
    inner join spread using (measure)
    where spread.variance > 0
),

weighted as (
    select
        measure,
        sum(effect / error_variance) / sum(1 / error_variance) as mean,
        count(*) as agents,
        sum(1 / error_variance) as w,
        sum(1 / error_variance ^ 2) as w2,
        sum(effect ^ 2 / error_variance) - sum(effect / error_variance) ^ 2 / sum(1 / error_variance) as q
    from effects
    group by measure
),

-- variance between agents, method of moments
between_agents as (
    select measure, mean, coalesce(greatest(0, (q - (agents - 1)) / nullif(w - w2 / w, 0)), 0) as variance
    from weighted
),

shrunk as (
    select
        effects.*,
        between_agents.variance / (between_agents.variance + effects.error_variance) as reliability,
        between_agents.mean as prior
    from effects
    inner join between_agents using (measure)
),

adjusted as (
    select
        *,
        prior + reliability * (effect - prior) as adjusted_effect,
        {{ z() }} * sqrt(reliability * error_variance) as margin
    from shrunk
),

bounded as (
    select
        agent_id,
        measure,
        cast(tickets as bigint) as tickets,
        {{ figure("if(measure = 'resolution_time', exp(observed), observed)") }} as observed,
        {{ figure("if(measure = 'resolution_time', exp(expected), expected)") }} as expected,
        {{ figure('effect') }} as effect,
        {{ figure('reliability') }} as reliability,
        {{ figure('adjusted_effect') }} as adjusted_effect,
        {{ figure('adjusted_effect - margin') }} as adjusted_effect_lower,
        {{ figure('adjusted_effect + margin') }} as adjusted_effect_upper
    from adjusted
)

select
    *,
    case
        when adjusted_effect_lower > 0 then if(measure = 'resolution_time', 'worse', 'better')
        when adjusted_effect_upper < 0 then if(measure = 'resolution_time', 'better', 'worse')
        else 'as expected'
    end as verdict
from bounded
