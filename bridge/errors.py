"""The errors of the bridge: one short tree, each class one sentence for the person who reads it."""


class BridgeError(Exception):
    """Something went wrong in the bridge."""


class PolicyError(BridgeError):
    """The rules cannot be used; the message lists every mistake with file, line and column."""


class CalendarDataError(PolicyError):
    """A date lies in a year for which the production calendar has no data."""


class TemporaryError(BridgeError):
    """It may work later: Redmine is out of reach, overloaded or answered nonsense."""


class UnknownOutcomeError(TemporaryError):
    """A write was sent and no answer came: it may or may not have happened (W3)."""


class PermanentError(BridgeError):
    """It will not work again without a person: a right is missing, a name is wrong, a ticket is gone."""


class NotFoundError(PermanentError):
    """The ticket does not exist, or the bridge's account may not see it."""
