with predictions as (select * from {{ ref('int_predictions_settled') }}),

policy as (select * from {{ ref('int_policy_in_force') }}),

labelled as (
    select target, label, decision, settled, is_right, drawn from predictions
    union all
    select target, '*' as label, decision, settled, is_right, drawn from predictions
),

answers as (
    select target, label, count(*) as answers from labelled
    group by target, label
),

counted as (
    select
        target,
        label,
        decision,
        count(*) as predictions,
        count(*) filter (where settled) as settled,
        count(*) filter (where is_right) as correct,
        count(*) filter (where settled and drawn) as settled_drawn,
        count(*) filter (where is_right and drawn) as correct_drawn
    from labelled
    group by target, label, decision
),

asked as (
    select
        counted.target,
        counted.label,
        counted.decision,
        policy.precision
    from counted
    inner join policy
        on
            counted.decision = policy.decision
            and policy.target in (counted.target, '*') and policy.label in (counted.label, '*')
    -- the rule that says most holds
    qualify row_number() over (
        partition by counted.target, counted.label, counted.decision
        order by (policy.target <> '*')::int desc, (policy.label <> '*')::int desc
    ) = 1
)

select
    counted.target,
    counted.label,
    counted.decision,
    counted.predictions,
    {{ share('counted.predictions', 'answers.answers') }} as coverage,
    {{ wilson('counted.predictions', 'answers.answers', '-') }} as coverage_lower,
    {{ wilson('counted.predictions', 'answers.answers', '+') }} as coverage_upper,
    counted.settled,
    counted.correct,
    {{ share('counted.correct', 'counted.settled') }} as precision_share,
    {{ wilson('counted.correct', 'counted.settled', '-') }} as precision_share_lower,
    {{ wilson('counted.correct', 'counted.settled', '+') }} as precision_share_upper,
    counted.settled_drawn,
    counted.correct_drawn,
    {{ share('counted.correct_drawn', 'counted.settled_drawn') }} as drawn_precision,
    {{ wilson('counted.correct_drawn', 'counted.settled_drawn', '-') }} as drawn_precision_lower,
    {{ wilson('counted.correct_drawn', 'counted.settled_drawn', '+') }} as drawn_precision_upper,
    asked.precision as asked_precision,
    {{ wilson('counted.correct', 'counted.settled', '+') }} < asked.precision as below_asked
from counted
inner join answers on counted.target = answers.target and counted.label = answers.label
left join asked
    on counted.target = asked.target and counted.label = asked.label and counted.decision = asked.decision
