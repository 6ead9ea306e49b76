with statements as (select * from {{ ref('int_statements_last') }}),

pairs as (
    select
        one.field,
        one.actor_id as first_agent,
        other.actor_id as second_agent,
        one.value as first_value,
        other.value as second_value
    from statements as one
    inner join statements as other
        on one.field = other.field and one.ticket_id = other.ticket_id and one.actor_id < other.actor_id
),

totals as (
    select
        field,
        first_agent,
        second_agent,
        count(*) as tickets,
        count(*) filter (where first_value = second_value) as agreed
    from pairs
    group by field, first_agent, second_agent
),

said as (
    select field, first_agent, second_agent, first_value as value, count(*) as first_times, 0 as second_times from pairs
    group by all
    union all
    select field, first_agent, second_agent, second_value as value, 0 as first_times, count(*) as second_times from pairs
    group by all
),

chance as (
    select field, first_agent, second_agent, sum(first_times * second_times) as both_times
    from (
        select
            field,
            first_agent,
            second_agent,
            value,
            sum(first_times) as first_times,
            sum(second_times) as second_times
        from said
        group by field, first_agent, second_agent, value
    ) as shares
    group by field, first_agent, second_agent
)

select
    totals.field,
    totals.first_agent,
    totals.second_agent,
    totals.tickets,
    totals.agreed,
    {{ share('totals.agreed', 'totals.tickets') }} as agreed_share,
    {{ wilson('totals.agreed', 'totals.tickets', '-') }} as agreed_share_lower,
    {{ wilson('totals.agreed', 'totals.tickets', '+') }} as agreed_share_upper,
    {{ figure('chance.both_times / totals.tickets ^ 2') }} as chance_share,
    {{ figure('(totals.agreed / totals.tickets - chance.both_times / totals.tickets ^ 2)'
        ~ ' / nullif(1 - chance.both_times / totals.tickets ^ 2, 0)') }} as kappa
from totals
inner join chance
    on
        totals.field = chance.field
        and totals.first_agent = chance.first_agent and totals.second_agent = chance.second_agent
