with events as (select * from {{ ref('stg_events') }} where suggestion_id is not null),

shown as (
    select
        suggestion_id,
        arg_min(ticket_id, event_time) as ticket_id,
        min(event_time) as shown_at,
        arg_min(suggestion_kind, event_time) as kind,
        arg_min(suggestion_target_id, event_time) as target_id,
        arg_min(suggestion_rank, event_time) as rank,
        arg_min(suggestion_release, event_time) as release
    from events
    where type = 'SuggestionShown'
    group by suggestion_id
),

judged as (
    select
        suggestion_id,
        -- the last word counts
        arg_max(type, event_time) as verdict,
        arg_max(suggestion_edited, event_time) as edited
    from events
    where type in ('SuggestionAccepted', 'SuggestionRefused')
    group by suggestion_id
)

select
    shown.suggestion_id,
    shown.ticket_id,
    shown.shown_at,
    shown.kind,
    shown.target_id,
    shown.rank,
    shown.release,
    case judged.verdict when 'SuggestionAccepted' then 'accepted' when 'SuggestionRefused' then 'refused' else 'ignored' end
        as outcome,
    coalesce(judged.verdict = 'SuggestionAccepted' and judged.edited, false) as edited
from shown
left join judged using (suggestion_id)
