{# A figure that comes out of fractions, to six decimals: threads add in any order, and the last bits follow. #}
{% macro figure(expression) -%}
    round({{ expression }}, 6)
{%- endmacro %}

{# The 97.5 % quantile of the normal distribution: intervals hold 95 %. #}
{% macro z() -%} 1.959963984540054 {%- endmacro %}

{# A share; null without trials. #}
{% macro share(successes, trials) -%}
    {{ figure(successes ~ ' / nullif(' ~ trials ~ ', 0)') }}
{%- endmacro %}

{# One bound of the Wilson score interval of a share (Wilson 1927; Brown, Cai & DasGupta 2001); null without trials. #}
{% macro wilson(successes, trials, sign) -%}
    round(
        (
            ({{ successes }} + {{ z() }} ^ 2 / 2) {{ sign }} {{ z() }} * sqrt(
                {{ successes }} * ({{ trials }} - {{ successes }}) / nullif({{ trials }}, 0) + {{ z() }} ^ 2 / 4
            )
        ) / ({{ trials }} + {{ z() }} ^ 2),
        6
    )
{%- endmacro %}
