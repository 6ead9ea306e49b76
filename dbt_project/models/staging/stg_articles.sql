with articles as (select * from {{ source('silver', 'articles') }})

select
    article_id,
    title,
    {{ label('product') }} as product,
    {{ label('module') }} as module,
    {{ label('language') }} as language,
    created_at,
    updated_at
from articles
