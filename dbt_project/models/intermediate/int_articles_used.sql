with tickets as (select * from {{ ref('stg_tickets') }}),

uses as (
    select ticket_id, unnest(articles_viewed) as article_id, 'viewed' as use from tickets
    union all
    select ticket_id, unnest(articles_helpful), 'helpful' from tickets
    union all
    select ticket_id, unnest(suggestions), 'suggested' from tickets
)

select
    ticket_id,
    article_id,
    -- an article that helped was seen, whether or not the list of viewed ones has it
    bool_or(use in ('viewed', 'helpful')) as viewed,
    bool_or(use = 'helpful') as helpful,
    bool_or(use = 'suggested') as suggested
from uses
group by ticket_id, article_id
