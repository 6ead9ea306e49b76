with articles as (select * from {{ ref('dim_articles') }} where viewed > 0),

summed as (
    select
        count(*) as k,
        sum(viewed) as n,
        sum(viewed ^ 2) as n2,
        sum(helpful) / sum(viewed) as p
    from articles
),

-- correlation within an article (Kleinman 1973, weights = views): how far articles differ beyond chance
moments as (
    select
        any_value(summed.p) as p,
        (
            sum(articles.viewed * (articles.helpful / articles.viewed - summed.p) ^ 2)
            / nullif(any_value(summed.p * (1 - summed.p)), 0)
            - any_value(summed.k - 1)
        ) / nullif(any_value(summed.n - summed.n2 / summed.n - (summed.k - 1)), 0) as rho
    from articles
    cross join summed
),

-- pseudo-views of the prior; where nothing can be estimated, the uniform prior
prior as (
    select
        if(rho is null, 0.5, p) as mean,
        if(rho is null, 2, 1 / greatest(least(rho, 0.99), 0.0001) - 1) as views
    from moments
),

posterior as (
    select
        articles.article_id,
        articles.title,
        articles.viewed,
        articles.helpful,
        (articles.helpful + prior.mean * prior.views) / (articles.viewed + prior.views) as mean,
        articles.viewed + prior.views as weight
    from articles
    cross join prior
),

bounded as (
    select *, {{ z() }} * sqrt(mean * (1 - mean) / (weight + 1)) as margin
    from posterior
)

select
    article_id,
    title,
    viewed,
    helpful,
    {{ share('helpful', 'viewed') }} as helpful_share,
    {{ figure('mean') }} as adjusted_helpful_share,
    {{ figure('greatest(0, mean - margin)') }} as adjusted_helpful_share_lower,
    {{ figure('least(1, mean + margin)') }} as adjusted_helpful_share_upper
from bounded
