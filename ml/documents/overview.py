"""The overview: every target, trees beside networks, hours to resolution, and the figure of what quality costs."""

from collections.abc import Mapping
from typing import Any

from ml.documents.parts import Card, champion, interval, number, ranked, share, size, table, title

TREES, NETWORKS = ("xgboost", "catboost"), ("keras",)
FIGURE = "families.svg"
_COLOURS = {"xgboost": "#2a7f62", "catboost": "#c98b1b", "keras": "#b23a48"}


def page(release: str, cards: Mapping[str, Card], resolution: Card | None, *, studied: bool) -> str:
    """The overview of a release; `resolution` is the card of hours to resolution."""
    links = ["- [How to make all this again](reproduce.md)"]
    if resolution is not None:
        links.insert(0, "- [Hours to resolution](resolution_time.md)")
    if studied:
        links.append("- [Cross-validation, tuning, ablations, imbalance and noise](study.md)")
    return (
        "\n\n".join(
            [
                "# Models",
                f"Release `{release}`; written by `ticketlake report` from the cards of its models. Measured on "
                "the newest tickets, the test part of a split by time; intervals hold 95 % of bootstrap resamples.",
                "## Champions\n\n" + champions(cards),
                *([f"![Weighted F1 and milliseconds of every family]({FIGURE})"] if cards else []),
                "## XGBoost and CatBoost beside TensorFlow\n\n" + trees_and_networks(cards),
                *(["## Hours to resolution\n\n" + resolved(resolution)] if resolution is not None else []),
                "## More\n\n" + "\n".join(links),
            ]
        )
        + "\n"
    )


def champions(cards: Mapping[str, Card]) -> str:
    """A target a row."""
    rows = []
    for name, card in cards.items():
        test, yardstick = card["measures"]["test"], card["measures"]["families"].get("majority")
        rows.append(
            [
                f"[{title(name)}]({name}.md)",
                champion(card),
                str((card.get("learnability") or {}).get("verdict", "–")),
                interval(test["weighted_f1"]),
                number(yardstick["weighted_f1"]["value"] if yardstick else None),
                interval(test["accuracy"]),
                number(test["ece"]),
                f"{test['milliseconds_p50']:.2f}",
                f"{test['rows']:,}",
            ]
        )
    head = ["target", "champion", "audit", "weighted F1", "majority", "accuracy", "ECE", "p50 ms", "tickets"]
    return table(head, rows, left=3)


def trees_and_networks(cards: Mapping[str, Card]) -> str:
    """XGBoost, CatBoost and Keras (served by OpenVINO) on each target, quality beside cost."""
    rows = [
        [
            title(name),
            family,
            interval(found["weighted_f1"]),
            number(found["ece"]),
            f"{found['fit_seconds']:.1f} s",
            f"{found['milliseconds_p50']:.2f}",
            f"{found['milliseconds_p99']:.2f}",
            size(found["bytes"]),
        ]
        for name, card in cards.items()
        for family, found in ranked(card)
        if family in (*TREES, *NETWORKS)
    ]
    if not rows:
        return f"Not compared: `FAMILIES` named none of {', '.join((*TREES, *NETWORKS))}."
    told = " ".join(_said(name, card) for name, card in cards.items())
    head = ["target", "family", "weighted F1", "ECE", "training", "p50 ms", "p99 ms", "size"]
    return f"Keras is trained with TensorFlow and served by OpenVINO.\n\n{table(head, rows, left=2)}\n\n{told}".rstrip()


def resolved(card: Card) -> str:
    """How often the interval holds, and how far the middle is off."""
    test = card["measures"]["test"]
    return (
        f"{card['method']}. The 80 % interval holds {share(test['coverage_of_80_percent_interval'])} of the "
        f"{card['rows']['test']:,} newest tickets ({test['open']:,} of them still open). The middle is off by a "
        f"factor of at most {test['median_factor_missed']:.2f} for half of them; always saying the median would "
        f"be, by {test['median_factor_missed_by_the_median']:.2f}."
    )


def figure(cards: Mapping[str, Card], made: Any = None) -> Any:
    """Weighted F1 with its interval over the milliseconds of one ticket, a target a panel; into `made` if given."""
    if made is None:
        from matplotlib.figure import Figure

        made = Figure(figsize=(13, 4.2 * ((len(cards) + 2) // 3)), layout="constrained")
    panels = made.subplots((len(cards) + 2) // 3, 3, squeeze=False).ravel()
    for axes, (name, card) in zip(panels, cards.items(), strict=False):
        for family, found in ranked(card):
            f1, x = found["weighted_f1"], found["milliseconds_p50"]
            colour = _COLOURS.get(family, "#8a8a8a")
            axes.plot([x, x], [f1["low"], f1["high"]], color=colour, linewidth=1)
            axes.plot(x, f1["value"], "D" if family == champion(card) else "o", color=colour, markersize=5)
            axes.annotate(family, (x, f1["value"]), fontsize=7, textcoords="offset points", xytext=(5, 2))
        axes.set(xscale="log", title=title(name), xlabel="milliseconds for one ticket", ylabel="weighted F1")
    for axes in panels[len(cards) :]:
        axes.set_axis_off()
    return made


def _said(name: str, card: Card) -> str:
    """In a sentence, whether the better tree and the network differ beyond their intervals."""
    compared = card["measures"]["families"]
    trees = [family for family in TREES if family in compared]
    networks = [family for family in NETWORKS if family in compared]
    if not trees or not networks:
        return ""
    tree = max(trees, key=lambda family: compared[family]["weighted_f1"]["value"])
    one, other = compared[tree]["weighted_f1"], compared[networks[0]]["weighted_f1"]
    network_ms, tree_ms = (compared[family]["milliseconds_p50"] for family in (networks[0], tree))
    if one["low"] > other["high"]:
        how = f"{tree} is better than {networks[0]} beyond both intervals"
    elif other["low"] > one["high"]:
        how = f"{networks[0]} is better than {tree} beyond both intervals"
    else:
        how = f"the intervals of {tree} and {networks[0]} overlap"
    return f"{title(name)}: {how}; one ticket takes {networks[0]} {network_ms:.2f} ms, {tree} {tree_ms:.2f} ms."
