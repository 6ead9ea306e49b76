"""The guide to make models and documents again."""

from collections.abc import Mapping

from ml.documents.parts import Card, table


def page(release: str, cards: Mapping[str, Card], digests: Mapping[str, str]) -> str:
    """The guide, with what must come out; `cards` and `digests` by target, hours to resolution included."""
    some = next(iter(cards.values()))
    labelled = max(sum(card["rows"].values()) for card in cards.values())
    first, last = (some["split"][name][:10] for name in ("first", "last"))
    libraries = sorted({pair for card in cards.values() for pair in card["libraries"].items()})
    families = f"\nexport FAMILIES={some['families']}" if some.get("families") else ""
    return f"""# How to make all this again

Release `{release}` was learned from {labelled:,} labelled tickets opened from {first} to {last}, seed {some["seed"]}.

## Train

```bash
make .venv/.installed
export LAKE_ROOT=$PWD/lake PATH=$PWD/.venv/bin:$PATH{families}
ticketlake simulate --out tickets.jsonl
ticketlake build tickets.jsonl --learn
```

Any file of tickets will do in the place of the simulated one; the same file, seed, lock and families give the same
predictions on the same kind of machine. A second `ticketlake build --learn` trains nothing: a model is made again when
its tickets grew by a tenth, or its code, encoder, families, seed or hyperparameters changed. With few
families it is done much sooner: `FAMILIES=majority,logistic`.

## Evaluate

```bash
ticketlake report
ticketlake report --out docs/models
ticketlake mlflow
cp notebooks/*.ipynb $LAKE_ROOT/reports
jupyter-execute $LAKE_ROOT/reports/*.ipynb --inplace
```

The first writes these pages below `$LAKE_ROOT/reports/models`, the second where they are kept. The errors of each
champion are in `$LAKE_ROOT/reports/errors` and the tables `errors/*`, what can be learned at all in
`$LAKE_ROOT/reports/learnability`.
Labelled texts of your own, without a lake: `ticketlake evaluate classify --help`, `ticketlake evaluate audit --help`.
Cross-validation, tuning and ablations: `ticketlake build --study`.

## What went in

{table(["library", "version"], libraries, left=2)}

{table(["table", "Delta version"], sorted((path, str(v)) for path, v in some["inputs"].items()), left=2)}

Encoder `{some.get("encoder", "")}`; code of `ml` `{some.get("code", "")}`.

## What came out

{table(["model", "digest"], [(card["name"], f"`{digests[name]}`") for name, card in cards.items()], left=2)}

A digest covers the card, and so the seconds that training took: it differs from run to run where predictions do not.
"""
