"""The contact store's file: one SQLite database beside the journal, brought up to this ccd's schema when it is opened.

A contact is dialled at one number at a time. What decides when that number may be called, its time zones and the
longest of the campaign's prefixes that it begins with, is its *class*; contacts of a campaign with the same class and
priority wait in one *lane*, the next one due in front. So who is next is found in the lanes that are open now, and the
closed ones are not even looked at.
"""

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path

SCHEMA = 1
UPGRADES: Mapping[int, str] = {}
"""Schema to the statements that lead from it to the next one. Whoever changes TABLES adds one, and one to SCHEMA."""
CACHE_KIBIBYTES = 65_536
LOCK_SECONDS = 10.0

TABLES = """
CREATE TABLE ids (next INTEGER NOT NULL);
INSERT INTO ids VALUES (1);
CREATE TABLE campaigns (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL DEFAULT 'stopped', changed_at INTEGER NOT NULL DEFAULT 0);
CREATE TABLE prefixes (
    campaign INTEGER NOT NULL REFERENCES campaigns, prefix TEXT NOT NULL, PRIMARY KEY (campaign, prefix)) WITHOUT ROWID;
CREATE TABLE classes (id INTEGER PRIMARY KEY, zones TEXT NOT NULL, prefix TEXT NOT NULL, UNIQUE (zones, prefix));
CREATE TABLE lanes (
    id INTEGER PRIMARY KEY, campaign INTEGER NOT NULL REFERENCES campaigns,
    class INTEGER NOT NULL REFERENCES classes, priority INTEGER NOT NULL, UNIQUE (campaign, class, priority));

CREATE TABLE contacts (
    id INTEGER PRIMARY KEY, campaign INTEGER NOT NULL REFERENCES campaigns,
    key TEXT NOT NULL, name TEXT NOT NULL, fields TEXT NOT NULL, priority INTEGER NOT NULL, time_zone TEXT NOT NULL,
    state TEXT NOT NULL, lane INTEGER NOT NULL, due_at INTEGER NOT NULL, number_index INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0, locked_until INTEGER NOT NULL DEFAULT 0,
    is_call_back INTEGER NOT NULL DEFAULT 0, agent TEXT NOT NULL DEFAULT '', done TEXT NOT NULL DEFAULT '',
    last_call TEXT NOT NULL DEFAULT '', folded_at INTEGER NOT NULL DEFAULT 0, folded TEXT NOT NULL DEFAULT '');
CREATE INDEX contacts_waiting ON contacts (lane, state, due_at) WHERE state = 'waiting';
CREATE INDEX contacts_out ON contacts (campaign) WHERE state IN ('taken', 'dialling');
CREATE UNIQUE INDEX contacts_key ON contacts (campaign, key) WHERE key <> '';
CREATE TABLE numbers (
    campaign INTEGER NOT NULL, number TEXT NOT NULL, contact INTEGER NOT NULL REFERENCES contacts ON DELETE CASCADE,
    place INTEGER NOT NULL, class INTEGER NOT NULL, kind TEXT NOT NULL, barred TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (campaign, number)) WITHOUT ROWID;
CREATE UNIQUE INDEX numbers_contact ON numbers (contact, place);

CREATE TABLE attempts (
    call TEXT PRIMARY KEY, campaign INTEGER NOT NULL, contact INTEGER NOT NULL, number TEXT NOT NULL,
    number_index INTEGER NOT NULL, attempt INTEGER NOT NULL, trunk TEXT NOT NULL, cli TEXT NOT NULL,
    reasons TEXT NOT NULL, began_at INTEGER NOT NULL, answered_at INTEGER, answered_by TEXT, abandoned_at INTEGER,
    ended_at INTEGER, outcome TEXT, cause INTEGER NOT NULL DEFAULT 0, sip_code INTEGER NOT NULL DEFAULT 0,
    agent TEXT NOT NULL DEFAULT '', disposition TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '',
    decided TEXT NOT NULL DEFAULT '', connected_at INTEGER NOT NULL DEFAULT 0);
CREATE INDEX attempts_contact ON attempts (contact, began_at);
CREATE INDEX attempts_campaign ON attempts (campaign, began_at);
CREATE INDEX attempts_answered ON attempts (campaign, answered_at, answered_by) WHERE answered_at IS NOT NULL;
CREATE INDEX attempts_abandoned ON attempts (campaign, abandoned_at) WHERE abandoned_at IS NOT NULL;
CREATE INDEX attempts_unknown ON attempts (campaign, began_at) WHERE ended_at IS NULL;
CREATE TABLE refusals (
    campaign INTEGER NOT NULL, at INTEGER NOT NULL, contact INTEGER NOT NULL, number TEXT NOT NULL,
    reason TEXT NOT NULL);
CREATE INDEX refusals_campaign ON refusals (campaign, at);

CREATE TABLE blocked (
    number TEXT NOT NULL, list TEXT NOT NULL, at INTEGER NOT NULL, reason TEXT NOT NULL, by TEXT NOT NULL,
    PRIMARY KEY (number, list)) WITHOUT ROWID;
CREATE TABLE unblocked (
    number TEXT NOT NULL, list TEXT NOT NULL, at INTEGER NOT NULL, reason TEXT NOT NULL, by TEXT NOT NULL,
    blocked_at INTEGER NOT NULL, blocked_reason TEXT NOT NULL, blocked_by TEXT NOT NULL);

CREATE TABLE tallies (
    campaign INTEGER NOT NULL, state TEXT NOT NULL, done TEXT NOT NULL, contacts INTEGER NOT NULL,
    PRIMARY KEY (campaign, state, done)) WITHOUT ROWID;
CREATE TRIGGER contact_changed AFTER UPDATE OF state, done ON contacts
WHEN old.state <> new.state OR old.done <> new.done BEGIN
    UPDATE tallies SET contacts = contacts - 1
        WHERE campaign = old.campaign AND state = old.state AND done = old.done;
    INSERT INTO tallies VALUES (new.campaign, new.state, new.done, 1)
        ON CONFLICT (campaign, state, done) DO UPDATE SET contacts = contacts + 1;
END;
CREATE TRIGGER contact_removed AFTER DELETE ON contacts BEGIN
    UPDATE tallies SET contacts = contacts - 1
        WHERE campaign = old.campaign AND state = old.state AND done = old.done;
END;
"""


class WrongStoreError(Exception):
    """The file is none of this ccd's contact stores; the text says what to do."""


def opened(path: Path, upgrades: Mapping[int, str] = UPGRADES, schema: int = SCHEMA) -> sqlite3.Connection:
    """The database, with the tables of `schema`; a new one is nobody else's to read.

    Raises OSError, sqlite3.Error, WrongStoreError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    db = sqlite3.connect(
        path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA temp_store = MEMORY")
        db.execute(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
        _settle(db, upgrades, schema)
    except BaseException:
        db.close()
        raise
    return db


def _settle(db: sqlite3.Connection, upgrades: Mapping[int, str], schema: int) -> None:
    """Bring the tables to `schema`, each step whole or not at all; an empty file begins with it."""
    while (found := _version(db)) != schema:
        step = TABLES if found == 0 and _is_empty(db) else upgrades.get(found)
        if step is None:
            raise WrongStoreError(_refusal(found, schema))
        after = schema if step is TABLES else found + 1
        try:
            # another process may have been first: then nothing is done here
            db.executescript(f"BEGIN IMMEDIATE;\n{step}\nPRAGMA user_version = {after};\nCOMMIT;")
        except sqlite3.OperationalError:
            if db.in_transaction:
                db.execute("ROLLBACK")
            if _version(db) == found:
                raise


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _is_empty(db: sqlite3.Connection) -> bool:
    return bool(db.execute("SELECT count(*) = 0 FROM sqlite_master").fetchone()[0])


def _refusal(found: int, schema: int) -> str:
    if found > schema:
        return f"the contact store is of schema {found}, written by a newer ccd; this one knows schema {schema}"
    return f"the contact store is of schema {found}, and this ccd knows no way from there to schema {schema}"
