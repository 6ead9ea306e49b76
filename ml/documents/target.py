"""The page of one target whose label is one of several: how families compare, who answers and why, from what."""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from ml.documents.parts import Card, champion, interval, number, ranked, share, size, table, title
from ml.errors.report import section
from warehouse.table import Table

_FEW = 15


def page(name: str, card: Card, digest: str, errors: Mapping[Table, pl.DataFrame]) -> str:
    """The page of a champion; `errors` holds the rows of its target, and may be empty."""
    return (
        "\n\n".join(
            [
                f"# {title(name)}",
                f"{card['verdict']}.{_audited(card)}",
                "## Families\n\n" + families(card),
                rule(card),
                "## By label\n\n" + _labels(card),
                "## By language\n\n" + languages(card),
                "## Imbalance\n\n" + _imbalance(card),
                "## Split\n\n" + split(card),
                "## Decisions\n\n" + _decisions(card),
                "## Errors\n\n" + (section(name, since(card), errors) if errors else NOT_ANALYSED),
                "## Lineage\n\n" + lineage(card, digest),
            ]
        )
        + "\n"
    )


NOT_ANALYSED = "Not analysed yet: run `ticketlake build --learn`."


def since(card: Card) -> datetime:
    """The moment from which tickets are tested on."""
    return datetime.fromisoformat(card["split"]["test_from"])


def families(card: Card) -> str:
    """Every family on the newest tickets, best first."""
    rows = [
        [
            f"**{family}**" if family == champion(card) else family,
            *(interval(found[measure]) for measure in ("weighted_f1", "macro_f1", "accuracy")),
            number(found["ece"]),
            share(found["tail"]["accuracy"]),
            f"{found['fit_seconds']:.1f} s",
            size(found["bytes"]),
            f"{found['milliseconds_p50']:.2f}",
            f"{found['milliseconds_p99']:.2f}",
        ]
        for family, found in ranked(card)
    ]
    head = [
        "family",
        "weighted F1",
        "macro F1",
        "accuracy",
        "ECE",
        "rare labels",
        "training",
        "size",
        "p50 ms",
        "p99 ms",
    ]
    return table(head, rows)


def rule(card: Card) -> str:
    """How the champion was chosen, and what the numbers are."""
    answers, *others = str(card["method"]).split(" then ")
    after = f", and where it fails **{others[0]}** does" if others else ""
    test, tail = card["rows"]["test"], card["measures"]["test"]["tail"]["rows"]
    return (
        f"Measured on the {test:,} newest labelled tickets; in brackets 95 % of bootstrap resamples. *ECE*: expected "
        "calibration error after temperature and doubt were fitted on validation. *rare labels*: accuracy on the "
        f"{tail:,} tickets whose label fewer than 5 % of the training part have. *ms*: one ticket by itself, its "
        f"features and vectors given.\n\n**{answers}** answers{after}. The rule, settled beforehand, applied to "
        "validation alone: of the families that the best does not beat beyond chance (weighted F1, 95 % of paired "
        "bootstrap resamples), the one that answers a single ticket fastest. *blend* is the mean of the "
        "log-probabilities of up to three of them."
    )


def languages(card: Card) -> str:
    """Accuracy by language, a family a column."""
    shown = ranked(card)
    rows = card["measures"]["test"]["per_language"]
    ordered = sorted(rows, key=lambda language: (-rows[language]["rows"], language))
    cells = [
        [
            language,
            f"{rows[language]['rows']:,}",
            *(share(found["per_language"].get(language, {}).get("accuracy")) for _, found in shown),
        ]
        for language in ordered
    ]
    best = [one for one in ordered if rows[one]["rows"] >= _FEW]
    told = ""
    if len(best) > 1:
        high = max(best, key=lambda one: rows[one]["accuracy"])
        low = min(best, key=lambda one: rows[one]["accuracy"])
        gap = rows[high]["accuracy"] - rows[low]["accuracy"]
        told = (
            f"\n\nOf languages with at least {_FEW} tickets the champion is best in {high} and {gap * 100:.1f} points "
            f"worse in {low}."
        )
    return f"Accuracy.\n\n{table(['language', 'tickets', *(family for family, _ in shown)], cells)}{told}"


def split(card: Card) -> str:
    """Which tickets were learned from, chosen by and tested on, and why by time."""
    at, rows = card["split"], card["rows"]
    days = {name: at[name][:10] for name in ("first", "validation_from", "test_from", "last")}
    parts = [
        ["train", days["first"], days["validation_from"], f"{rows['train']:,}"],
        ["validation", days["validation_from"], days["test_from"], f"{rows['validation']:,}"],
        ["test", days["test_from"], days["last"], f"{rows['test']:,}"],
    ]
    return (
        f"By `{at['by']}`, about 70 / 15 / 15.\n\n{table(['part', 'from', 'until', 'tickets'], parts, left=3)}\n\n"
        "A model is used on tickets that come after those it learned from, so it is tested that way: a random split "
        "would let it see the words of an incident, a customer's later tickets and a product's next version. "
        "Families stop early, are calibrated and chosen on validation; test was used for "
        "nothing but the numbers on this page."
    )


def lineage(card: Card, digest: str) -> str:
    """What the model was made from."""
    facts = [
        *([f"`{path}`", f"Delta version {version}"] for path, version in sorted(card["inputs"].items())),
        ["encoder", f"`{card.get('encoder', '')}`"],
        ["code of `ml`", f"`{card.get('code', '')}`"],
        ["artifact", f"`{card['name']}` `{digest}`"],
        ["seed", str(card["seed"])],
        *([f"library {name}", version] for name, version in sorted(card["libraries"].items())),
    ]
    chosen = "\n".join(
        f"- {family}: {', '.join(f'`{key}` {value}' for key, value in sorted(settings.items()))}"
        for family, settings in card["parameters"].items()
        if settings
    )
    told = f"\n\nHyperparameters:\n\n{chosen}" if chosen else ""
    return f"{table(['from', 'which'], facts, left=2)}\n\n{len(card['features'])} features.{told}"


def _audited(card: Card) -> str:
    found = card.get("learnability")
    return f" The audit beforehand: *{found['verdict']}*, {found['reason']}." if found else ""


def _labels(card: Card) -> str:
    found = card["measures"]["test"]["per_class"]
    rows = [
        [label, f"{one['rows']:,}", share(one["precision"]), share(one["recall"]), number(one["f1"])]
        for label, one in sorted(found.items(), key=lambda item: (-item[1]["rows"], item[0]))
    ]
    return f"The champion.\n\n{table(['label', 'tickets', 'precision', 'recall', 'F1'], rows)}"


def _imbalance(card: Card) -> str:
    test = card["measures"]["test"]
    counts = {label: one["rows"] for label, one in test["per_class"].items()}
    most, least = max(counts, key=lambda one: counts[one]), min(counts, key=lambda one: counts[one])
    weighing = [
        f"{family}: `{settings['class_weight']}`"
        for family, settings in card["parameters"].items()
        if settings.get("class_weight")
    ]
    weighed = (
        f"Class weights of those that answer: {', '.join(weighing)}."
        if weighing
        else ("Those that answer learn with every ticket weighing the same.")
    )
    return (
        f"Of the newest tickets {share(counts[most] / test['rows'])} are *{most}*, "
        f"{share(counts[least] / test['rows'])} *{least}*. Weighted F1 "
        f"{test['weighted_f1']['value']:.3f} counts tickets, macro F1 "
        f"{test['macro_f1']['value']:.3f} labels: the gap is what rare labels lose. {weighed} Class weights and "
        "oversampling are compared by `ticketlake build --study`."
    )


def _decisions(card: Card) -> str:
    if not card.get("decisions"):
        return "No rule of `decision_policy.csv` speaks of this target."
    rows = [
        [label, *(_threshold(actions.get(action)) for action in ("automate", "suggest"))]
        for label, actions in sorted(card["decisions"].items())
    ]
    return (
        "The least confidence from which answers of the validation part were right as often as the team asks; *never*: "
        f"no confidence was enough.\n\n{table(['label', 'automate', 'suggest'], rows)}"
    )


def _threshold(found: Card | None) -> str:
    if found is None:
        return "–"
    reached = "never" if found["confidence"] is None else f"from {found['confidence']:.2f}"
    return f"{reached} ({share(found['precision'])} right)"
