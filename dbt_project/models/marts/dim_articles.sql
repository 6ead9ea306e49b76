with articles as (select * from {{ ref('stg_articles') }}),

uses as (
    select
        article_id,
        count(*) filter (where viewed) as viewed,
        count(*) filter (where helpful) as helpful,
        count(*) filter (where suggested) as suggested
    from {{ ref('int_articles_used') }}
    group by article_id
)

select
    coalesce(articles.article_id, uses.article_id) as article_id,
    articles.title,
    coalesce(articles.product, 'unknown') as product,
    coalesce(articles.module, 'unknown') as module,
    coalesce(articles.language, 'unknown') as language,
    articles.created_at,
    articles.updated_at,
    articles.article_id is not null as in_knowledge_base,
    coalesce(uses.viewed, 0) as viewed,
    coalesce(uses.helpful, 0) as helpful,
    coalesce(uses.suggested, 0) as suggested
from articles
full outer join uses on articles.article_id = uses.article_id
