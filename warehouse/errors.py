"""Everything that can go wrong and is not a defect of ours.

TicketlakeError
├── SettingsInvalid      a setting is missing or has an impossible value
├── NotMaterialized      something was asked for that no build has made yet
├── NotKnown             nothing has the id or the name that was given
├── VersionGone          changes of a table were asked for that an erasure took away
├── ContractBroken       rows do not have the shape that their table declares
├── ArtifactDamaged      a file of a model or an index is not what its digest says
├── SourceUnreadable     a file of tickets cannot be read as one
├── Conflict             two truths under one name: an idempotency key, a release pointer
├── InvalidEvent         an event that no version of its schema allows
├── FormatMismatch       the lake was written by other code than this
├── StoreUnavailable     the operational store cannot be reached, or stays locked
├── NothingToLearn       too few labelled tickets to fit a model on
├── ServiceFailed        a server that we started does not run
└── BuildFailed          one or more steps of a build ended in failure

Each message says what was expected, what was found, and what to do.
"""


class TicketlakeError(Exception):
    """Base of all expected errors: shown as one line, without a traceback."""


class SettingsInvalid(TicketlakeError):
    """A setting is missing or has an impossible value."""


class NotMaterialized(TicketlakeError):
    """Something was asked for that no build has made yet."""

    def __init__(self, asset: str, hint: str = "run `ticketlake build`") -> None:
        super().__init__(f"{asset} is not materialized: {hint}")
        self.asset = asset


class NotKnown(TicketlakeError):
    """Nothing has the id or the name that was given."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"{what} is not known: {hint}")


class VersionGone(TicketlakeError):
    """Changes of a table were asked for that an erasure took away: read the table from its start."""


class ContractBroken(TicketlakeError):
    """Rows do not have the shape that their table declares."""


class ArtifactDamaged(TicketlakeError):
    """A file of a model or an index is not what its digest says."""


class SourceUnreadable(TicketlakeError):
    """A file of tickets cannot be read as one."""


class Conflict(TicketlakeError):
    """Two truths under one name."""


class InvalidEvent(TicketlakeError):
    """An event that no version of its schema allows."""


class FormatMismatch(TicketlakeError):
    """The lake was written by other code than this."""


class StoreUnavailable(TicketlakeError):
    """The operational store cannot be reached, or stays locked."""


class NothingToLearn(TicketlakeError):
    """Too few labelled tickets to fit a model on; a build goes on without it."""


class BuildFailed(TicketlakeError):
    """One or more steps of a build ended in failure."""


class ServiceFailed(TicketlakeError):
    """A server that we started does not run."""
