"""The closed loop as a story: what people say this morning answers tonight, and can be taken back.

Run by `ticketlake demo loop` in a process whose settings are those of the story's own lake.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import numpy as np

from cli.main import leave
from warehouse.settings import settings, silence

LABEL = "Voice Calls"
CORRECTIONS = 40
NEW_TICKETS = 60
LATER = 0.25
"""Share of the simulated tickets that come in during the story, the newest."""
AMONG = 80
"""Of them the newest, between which tickets of the new kind come."""
SUBJECTS = (
    "Softphone: no sound", "Callers hear an echo", "Headset drops the call", "Voicemail plays silence",
    "Call transfer hangs up", "Ringing group does not ring", "Dial tone is missing", "Conference bridge mutes everyone",
)  # fmt: skip
TEXTS = (
    "Since the switch to the softphone one side hears nothing once the caller is put on hold.",
    "The headset rings, we pick up, and the call drops after ten seconds. Dialling out has an echo.",
    "Voicemail greets the caller, then plays silence. The extension rings at nobody's desk.",
    "Transferring a call to another extension hangs up on the caller. The dial tone comes back late.",
    "In the conference bridge the microphone is muted for every participant, and the ringing goes on.",
)
ASKED = {"subject": "Softphone rings but the caller hears nothing", "description": f"{TEXTS[0]} {TEXTS[2]}"}


@dataclass
class Story:
    """What happened, in order: what was done, what came of it, how long it took."""

    tell: Callable[[str], object]
    steps: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[str], None]]:
        """One step; call what it gives with what came of it."""
        said: list[str] = []
        self.tell(f"{name} ...")
        began = perf_counter()
        yield said.append
        seconds = round(perf_counter() - began, 1)
        self.steps.append({"step": name, "said": said, "seconds": seconds})
        for line in said:
            self.tell(f"    {line}")
        self.tell(f"    {seconds} s")


@dataclass(frozen=True)
class Said:
    """What the service answers for the ticket of the story."""

    label: str | None
    confidence: float | None
    release: str

    @property
    def told(self) -> str:
        """In a line."""
        sure = f" ({self.confidence:.2f})" if self.confidence is not None else ""
        return f"category: {self.label}{sure}, by release {self.release}"


def live(root: Path, tickets: int, seed: int, story: Story) -> dict[str, Any]:
    """Live through it; the answers before, after and at the end. Raises `BuildFailed`."""
    from cli.operator import operator
    from operations.events import Actor
    from operations.inbox import Inbox
    from operations.store import open_store
    from orchestration.build import build, outcome
    from orchestration.replacing import rollback
    from orchestration.retraining import decide
    from orchestration.shown import listed
    from warehouse.delta import Lake

    began = perf_counter()
    earlier, later = _simulated(root, tickets, seed)
    with story.step(f"{len(earlier)} simulated tickets, and the first models") as said:
        file = root / "simulated" / "earlier.json"
        file.write_text(json.dumps(earlier), encoding="utf-8")
        outcome(build(root, files=[file], job="retrain"))
        before = _ask(root)
        said(before.told)
    lake, inbox = Lake(root), Inbox(open_store(settings().database_url))
    with story.step(f"{len(later)} tickets more, and {NEW_TICKETS} of a kind that no model knows") as said:
        new = _of_a_new_kind(later, seed)
        inbox.append([_ticket(one) for one in [*later, *new]])
        _drained(inbox, lake)
        said(_asked_for(root))
    with story.step(f"{CORRECTIONS} corrections by people: {LABEL}") as said:
        inbox.append([_corrected(one, number) for number, one in enumerate(new[:CORRECTIONS])])
        _drained(inbox, lake)
        fired = decide(root, _now())
        said(f"sensor: {fired.told}")
    with story.step("challengers are trained, and judged by the gate") as said:
        outcome(build(root, job="retrain", config={"understand": {"because": fired.because or ""}}))
        for one in listed(lake):
            if one["name"] == "models/category" and one["verdict"] is not None:
                said(f"{one['digest'][:12]} {one['state']}: {'; '.join(one['reasons'])}")
    with story.step("the same ticket again") as said:
        after = _ask(root)
        said(after.told)
    with story.step("rollback") as said:
        opened, held = rollback(
            lake,
            inbox,
            None,
            actor=Actor("agent", "demo"),
            by=operator(),
            reason="the story takes it back",
            now=_now(),
        )
        last = _ask(root)
        said(f"release {opened.id} serves again; pinned: {', '.join(held)}")
        said(last.told)
    answers = {name: asdict(one) for name, one in (("before", before), ("after", after), ("rolled_back", last))}
    closed = after.label == LABEL and before.label != LABEL and last.label == before.label
    seconds = round(perf_counter() - began, 1)
    return {"closed": closed, "label": LABEL, "answers": answers, "steps": story.steps, "seconds": seconds}


def _simulated(root: Path, tickets: int, seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Simulated tickets that end today, those before the story and those during it."""
    from simulator import simulate

    folder = root / "simulated"
    folder.mkdir(parents=True, exist_ok=True)
    today = _now().replace(hour=0, minute=0, second=0, microsecond=0)
    report = simulate("realistic", tickets, 90, seed, folder / "tickets.json", end=today, languages=("en",))
    rows = json.loads(report.out.read_text(encoding="utf-8"))
    whole = {one["ticket_id"]: one for one in rows if one.get("ticket_id") and one.get("created_at")}
    ordered = sorted(whole.values(), key=lambda one: str(one["created_at"]))
    border = int(len(ordered) * (1 - LATER))
    return ordered[:border], ordered[border:]


def _of_a_new_kind(later: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """Tickets without a label, opened between the newest others."""
    rng = np.random.default_rng(seed)
    beside = [later[-AMONG:][at] for at in sorted(rng.integers(0, min(AMONG, len(later)), NEW_TICKETS))]
    known = ("customer_id", "customer_tier", "product", "product_version", "channel", "region")
    return [
        {
            "ticket_id": f"TK-NEW-{number:03d}",
            "created_at": one["created_at"],
            "subject": str(rng.choice(SUBJECTS)),
            "description": " ".join(rng.choice(TEXTS, 2, replace=False)),
            "language": "en",
            **{name: one.get(name) for name in known},
        }
        for number, one in enumerate(beside)
    ]


def _ticket(row: dict[str, Any]) -> Any:
    from operations.entries import Entry

    key = f"demo-{row['ticket_id']}"
    body = json.dumps(row)
    return Entry(kind="ticket", idempotency_key=key, ticket_id=row["ticket_id"], body=body, received_at=_now())


def _corrected(row: dict[str, Any], number: int) -> Any:
    from operations.events import Actor, envelope
    from warehouse.payloads import LabelCorrected

    said = LabelCorrected(field="category", value=LABEL)
    who, now = Actor("agent", f"AGENT-{number % 3}"), _now()
    made = envelope(
        said, actor=who, key=f"demo-label-{number}", event_time=now, received_time=now, ticket_id=row["ticket_id"]
    )
    return made.entry()


def _drained(inbox: Any, lake: Any) -> None:
    """What the worker does every few seconds."""
    from operations.drain import drain
    from warehouse.refine import refine

    drain(inbox, lake)
    refine(lake)


def _asked_for(root: Path) -> str:
    from orchestration.retraining import decide

    return f"sensor: {decide(root, _now()).told}"


def _ask(root: Path) -> Said:
    """What the service says of the ticket, on the release that is current."""
    import polars as pl

    from ml.features import READ
    from service.serving import Serving
    from warehouse.contracts import silver

    row = {"ticket_id": "TK-ASKED", "created_at": _now(), "language": "en", **ASKED}
    schema = {name: silver.TICKETS.schema[name] for name in READ}
    ticket = pl.DataFrame([{name: row.get(name) for name in READ}], schema=schema)
    release, (found,) = Serving(root).understand(ticket, None)
    answer = found.targets["category"]
    return Said(answer.label, answer.confidence, release)


def _now() -> datetime:
    """The wall clock: this is an edge."""
    return datetime.now(UTC)  # noqa: TID251


def main() -> None:
    """Tell the story; exit code 1 where the loop did not close."""
    silence()
    as_json = "--json" in sys.argv
    chosen = settings()
    found = live(chosen.lake_root, int(sys.argv[1]), chosen.seed, Story(lambda line: click.echo(line, err=as_json)))
    ended = "the loop is closed" if found["closed"] else "the loop did not close"
    click.echo(json.dumps(found) if as_json else f"{ended}: {found['seconds']} s")
    leave(0 if found["closed"] else 1)


if __name__ == "__main__":
    main()
