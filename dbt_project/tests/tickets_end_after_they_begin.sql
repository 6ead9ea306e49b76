{{ config(severity='warn') }}

select ticket_id, created_at, resolved_at
from {{ ref('fct_tickets') }}
where resolved_at < created_at
