"""Examples in the help of a group, and of each of its commands those that call it."""

import click


class Exampled(click.Group):
    """Its epilog is a title and lines of examples; a command without an epilog of its own shows those that call it."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, with its examples."""
        command = super().get_command(ctx, cmd_name)
        if command is None or command.epilog is not None or self.epilog is None:
            return command
        called = f"ticketlake {self.name} {cmd_name}"
        own = [line for line in self.epilog.splitlines() if f"{line.strip()} ".startswith(f"{called} ")]
        if own:
            command.epilog = "\n".join(["\b", "Examples:", *own])
        return command
