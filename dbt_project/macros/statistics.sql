{# The 97.5 % quantile of the normal distribution: intervals hold 95 %. #}
{% macro z() -%} 1.959963984540054 {%- endmacro %}

{# One bound of the Wilson score interval of a share (Wilson 1927; Brown, Cai & DasGupta 2001); null without trials. #}
{% macro wilson(successes, trials, sign) -%}
    (
        ({{ successes }} + {{ z() }} ^ 2 / 2) {{ sign }} {{ z() }} * sqrt(
            {{ successes }} * ({{ trials }} - {{ successes }}) / nullif({{ trials }}, 0) + {{ z() }} ^ 2 / 4
        )
    ) / ({{ trials }} + {{ z() }} ^ 2)
{%- endmacro %}

{# A share as a double; null without trials. #}
{% macro share(successes, trials) -%}
    {{ successes }} / nullif({{ trials }}, 0)
{%- endmacro %}

{# A figure that comes out of sums of fractions, to six decimals: threads add in any order, and the last bits follow. #}
{% macro figure(expression) -%}
    round({{ expression }}, 6)
{%- endmacro %}
