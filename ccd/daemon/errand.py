"""What takes long, in a process of its own: a file into the contact store, a report out of it. The loop that routes
calls would stand behind it otherwise, for one interpreter runs one thread at a time.

It is told what to do by one line of JSON on stdin, and tells by lines on stdout how far it is and what came of it.
"""

import os
import signal
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from ccd.core.dialer.report import UK, US, Counted
from ccd.daemon import contact_words as words
from ccd.io.contact_add import AddRules
from ccd.io.contact_import import Imported, Progress, import_contacts, import_numbers
from ccd.io.contact_schema import WrongStoreError
from ccd.io.contact_store import ContactStore
from ccd.io.list_file import ListFileError
from ccd.model.campaign_view import CampaignReport, LawName
from ccd.model.ids import CampaignId, Length, Moment

LONGEST_RING: Length = 3_600_000_000
"""An answer within a period may belong to a dial that began so long before it."""
FAULTS = (ListFileError, WrongStoreError, OSError, sqlite3.Error, ValueError)
NICE = 10


class Contacts(Struct, frozen=True, tag=True):
    """A file of contacts into a campaign."""

    store: str
    file: str
    errors: str
    region: str
    campaign: CampaignId
    rules: AddRules


class Numbers(Struct, frozen=True, tag=True):
    """A file of numbers onto a do-not-call list."""

    store: str
    file: str
    errors: str
    region: str
    list: str
    at: Moment
    by: str


class Report(Struct, frozen=True, tag=True):
    """The attempts of a period, counted."""

    store: str
    campaign: CampaignId
    name: str
    law: LawName
    target: float
    began: Moment
    ended: Moment
    zone: str


Errand = Contacts | Numbers | Report


class Went(Struct, frozen=True, tag=True):
    """So many bytes of the file are done."""

    done: int


class Brought(Struct, frozen=True, tag=True):
    """The file is in."""

    imported: Imported


class Counting(Struct, frozen=True, tag=True):
    """The report is there."""

    report: CampaignReport


class Failed(Struct, frozen=True, tag=True):
    """It could not be done."""

    reason: str


Told = Went | Brought | Counting | Failed


def done(errand: Errand, progress: Progress) -> Told:
    """Do it."""
    try:
        with closing(ContactStore(Path(errand.store))) as store:
            match errand:
                case Contacts(_, file, errors, region, campaign, rules):
                    return Brought(import_contacts(store, campaign, Path(file), Path(errors), region, rules, progress))
                case Numbers(_, file, errors, region, name, at, by):
                    return Brought(
                        import_numbers(store, name, Path(file), Path(errors), region, at, by, progress=progress)
                    )
                case Report():
                    return Counting(reported(store, errand))
    except FAULTS as error:
        return Failed(str(error) or type(error).__name__)


def reported(store: ContactStore, errand: Report) -> CampaignReport:
    """The regulator's numbers."""
    fold = Counted(errand.began, errand.ended, words.days(errand.began, errand.ended, errand.zone))
    attempts = store.attempts(errand.campaign, errand.began - LONGEST_RING, errand.ended)
    fold.apply(map(words.attempt_view, attempts))
    return CampaignReport(
        campaign=errand.campaign,
        name=errand.name,
        law=errand.law,
        target=errand.target,
        began=errand.began,
        ended=errand.ended,
        zone=errand.zone,
        total=fold.total(),
        largest_us=fold.largest(US),
        largest_uk=fold.largest(UK),
        longest_wait=fold.longest_wait,
        outcomes=fold.outcomes,
        dispositions=fold.dispositions,
        days=fold.told_days(),
    )


def tell(told: Told) -> None:
    """One line."""
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """One errand. Who sent it may end it by SIGTERM at any moment: what is committed stays."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C at the terminal is the daemon's
    with suppress(OSError):  # not allowed in every sandbox
        os.nice(NICE)
    errand = msgspec.json.decode(sys.stdin.buffer.readline(), type=Errand)
    tell(done(errand, lambda at, size: tell(Went(at))))


if __name__ == "__main__":
    main()
