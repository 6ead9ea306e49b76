{# What a ticket says about `column`, or 'unknown': groups must not lose the tickets that say nothing. #}
{% macro label(column) -%}
    coalesce(nullif(trim({{ column }}), ''), 'unknown')
{%- endmacro %}

{# An identifier, null where there is none. #}
{% macro identifier(column) -%}
    nullif(trim({{ column }}), '')
{%- endmacro %}

{# Hours from one instant to another, as a double. #}
{% macro hours_between(start, finish) -%}
    (epoch_us({{ finish }}) - epoch_us({{ start }})) / 3.6e9
{%- endmacro %}
