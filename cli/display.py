"""Progress: on a terminal a line that moves for each step, elsewhere a plain line for each start and end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from orchestration.build import Step

MARKS = {"done": "[green]done[/]", "failed": "[red]failed[/]", "skipped": "[dim]skipped[/]", "started": ""}


class Progress:
    """The steps of a build as they start and end, on stderr."""

    def __init__(self) -> None:
        """Nothing is drawn before the first step."""
        self._console = Console(stderr=True)
        self._bars = Bars(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[mark]}"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "Progress":
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def step(self, step: "Step | str") -> None:
        """Show that a step started or ended, or what it says on its way."""
        if isinstance(step, str):
            self._console.print(f"          {step}", highlight=False, markup=False, style="dim")
        elif not self._console.is_terminal:
            self._console.print(f"{step.seconds:6.1f} s  {step.name} {step.state}", highlight=False)
        elif step.state == "started":
            self._tasks[step.name] = self._bars.add_task(step.name, total=1, mark="")
        elif step.name in self._tasks:
            self._bars.update(self._tasks[step.name], completed=1, mark=MARKS[step.state])


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None]]:
    """A running count on stderr; call what it gives with the number done so far."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} {task.description}"), TimeElapsedColumn())
    with Bars(*columns, console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done: bars.update(task, completed=done)
