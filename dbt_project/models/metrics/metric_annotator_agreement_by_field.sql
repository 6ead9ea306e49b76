with statements as (select * from {{ ref('int_statements_last') }}),

values_said as (
    select field, ticket_id, value, count(*) as times from statements
    group by field, ticket_id, value
),

units as (
    select
        field,
        ticket_id,
        sum(times) as voices,
        (sum(times) ^ 2 - sum(times ^ 2)) / nullif(sum(times) - 1, 0) as disagreement
    from values_said
    group by field, ticket_id
    having sum(times) > 1
),

observed as (
    select
        field,
        count(*) as tickets,
        sum(voices) as statements,
        sum(disagreement) as disagreement,
        count(*) filter (where disagreement = 0) as agreed_tickets
    from units
    group by field
),

expected as (
    select field, sum(times) ^ 2 - sum(times ^ 2) as disagreement
    from (
        select values_said.field, values_said.value, sum(values_said.times) as times
        from values_said
        inner join units on values_said.field = units.field and values_said.ticket_id = units.ticket_id
        group by values_said.field, values_said.value
    ) as totals
    group by field
),

people as (
    select statements.field, count(distinct statements.actor_id) as annotators
    from statements
    inner join units on statements.field = units.field and statements.ticket_id = units.ticket_id
    group by statements.field
)

select
    observed.field,
    observed.tickets,
    cast(observed.statements as bigint) as statements,
    people.annotators,
    observed.agreed_tickets,
    {{ share('observed.agreed_tickets', 'observed.tickets') }} as agreed_share,
    {{ wilson('observed.agreed_tickets', 'observed.tickets', '-') }} as agreed_share_lower,
    {{ wilson('observed.agreed_tickets', 'observed.tickets', '+') }} as agreed_share_upper,
    {{ figure('1 - (observed.statements - 1) * observed.disagreement / nullif(expected.disagreement, 0)') }} as alpha
from observed
inner join expected on observed.field = expected.field
inner join people on observed.field = people.field
