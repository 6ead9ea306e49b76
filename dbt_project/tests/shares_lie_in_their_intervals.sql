{% set shares = {
    'metric_first_contact_resolution_by_segment': 'first_contact_share',
    'metric_satisfaction_by_segment': 'satisfied_share',
    'metric_sla_attainment_by_tier_priority': 'attainment',
    'metric_suggestion_acceptance_by_segment': 'acceptance_share',
    'metric_suggestion_acceptance_by_kind_rank_release': 'acceptance_share',
    'metric_search_success_by_day': 'acceptance_share',
    'metric_decision_quality_by_target_label_decision': 'coverage',
    'metric_annotator_agreement_by_field': 'agreed_share',
    'metric_annotator_agreement_by_field_pair': 'agreed_share',
    'metric_article_effectiveness_by_article': 'adjusted_helpful_share',
} %}
{% for model, share in shares.items() %}
select '{{ model }}' as model, {{ share }} as share
from {{ ref(model) }}
where not (
    {{ share }} between 0 and 1
    -- at 0 and 1 the bound is the share itself, but for the last bit
    and {{ share }} between {{ share }}_lower - 1e-9 and {{ share }}_upper + 1e-9
    and {{ share }}_lower between -1e-9 and 1 + 1e-9 and {{ share }}_upper between -1e-9 and 1 + 1e-9
)
{{ 'union all' if not loop.last }}
{% endfor %}
