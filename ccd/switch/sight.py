"""Until when somebody saw what a switch did: its link goes, or the daemon, and things happen there all the same."""

from ccd.model.ids import SECOND, Moment

FOUND = SECOND
"""So long after a login what is found done may have been done before it."""


class Sight:
    """Moments of one switch; 0 for unknown."""

    def __init__(self) -> None:
        self.heard_at: Moment = 0
        """When the switch last said anything."""
        self.until: Moment = 0
        """When it was last seen before the session that is up."""
        self._up_at: Moment = 0

    def recalled(self, now: Moment) -> None:
        """A former driver saw it until then."""
        self.until = now

    def came_up(self, now: Moment) -> None:
        """All that it has was looked at."""
        self._up_at = now

    def lost(self, was_up: bool) -> Moment:
        """The link is lost; when it was last heard of, where that was in a session that was up."""
        heard_at = self.heard_at if was_up else 0
        self.until = heard_at or self.until
        return heard_at

    def unseen_since(self, now: Moment) -> Moment:
        """Since when what is found done now may have been; 0 where it was done in our sight."""
        return self.until if now - self._up_at < FOUND else 0
