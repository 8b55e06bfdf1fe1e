"""The one connection to the box's database, as seen from inside the store's lane."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from visitbridge.adapters.disk_errors import disk_error
from visitbridge.adapters.store import binding
from visitbridge.adapters.store.backup import expect_sound, verify
from visitbridge.adapters.store.guard import Guard
from visitbridge.adapters.store.revision import bring_up_to_date
from visitbridge.adapters.store.session import Access, Session
from visitbridge.adapters.store.transaction import SqlTransaction
from visitbridge.errors import Retry, StoreDamaged, StoreError, StoreKeyWrong
from visitbridge.ports.clock import Clock

T = TypeVar("T")
Work = Callable[[SqlTransaction], Any]

log = logging.getLogger(__name__)

# SQLite's own checkpoint runs inside a COMMIT, before the answer. This is only a backstop for ours.
_AUTOCHECKPOINT_PAGES: Final = 16_000

# Every commit writes its number into the file's header (`user_version`, a page that grows dirty anyway), to be found
# there when a COMMIT reports an error.
_COMMIT_NUMBERS: Final = 2**31


class Outcome:
    """What became of one piece of work: its value, or its error."""

    __slots__ = ("error", "value")

    def __init__(self, value: Any = None, error: BaseException | None = None) -> None:
        self.value = value
        self.error = error


class Database:
    """Opens, writes, reads, closes. Every method runs in the lane's thread."""

    def __init__(self, path: Path, key: bytes, clock: Clock) -> None:
        self._path = path
        self._key = key
        self._clock = clock
        self._guard: Guard | None = None
        self._connection: binding.Connection | None = None
        self._session: Session
        self._transaction: SqlTransaction
        self._last_commit = 0
        self._trouble = ""
        self._copying = False
        self._file: int | None = None
        self.commits_in_wal = 0

    def open(self) -> None:
        """Open or create the file, bring it to the newest schema and check it.

        Raises StoreKeyWrong, StoreDamaged, SchemaNewer, StoreFull, StoreReadOnly; StoreError when another
        process has it open.
        """
        self._guard = Guard(self._path, self._key)
        try:
            self._expect_file(self._guard)
            expect_sound(self._opened())
            self._guard.remember_key()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; what is in the WAL is moved into it if the disk lets it."""
        self._disconnect()
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._guard is not None:
            self._guard.release()
            self._guard = None

    def read(self, work: Callable[[SqlTransaction], T]) -> T:
        self._opened()
        with self._session.granting(Access.READ):
            return work(self._transaction)

    def write(self, works: Sequence[Work]) -> list[Outcome]:
        """Run the works in one transaction and commit it; one outcome each, in order.

        Raises StoreError when nothing of it was saved, with ``retry=unknown`` when that could not be found
        out.
        """
        try:
            outcomes = self._write(works)
        except StoreError as exc:
            self._note_trouble(exc.code)
            raise
        self._note_trouble("")
        return outcomes

    def checkpoint(self) -> None:
        """Move the WAL into the file. A disk that refuses is left for the next write to meet.

        The WAL keeps its length and is written over from its start: a commit that need not grow a file is half
        as dear as one that does.
        """
        if self._copying:
            return
        try:
            self._opened().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except binding.VendorError as exc:
            self._note_trouble(binding.translate(exc, self._path).code)
        self.commits_in_wal = 0

    def begin_copy(self) -> int:
        """Bring the file up to date and leave it alone until ``end_copy``: writes go to the WAL alone.

        Returns a descriptor of the file to read from. It is not the caller's to close: that would drop the
        locks of the whole process.
        """
        self._run_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        self._run_sql("PRAGMA wal_autocheckpoint=0")
        self._copying = True
        if self._file is None:
            raise StoreError("the store is closed")
        return self._file

    def end_copy(self) -> None:
        """Let the file change again. Raises StoreError when it had to change meanwhile: the copy is no good."""
        if not self._copying:
            raise StoreError("the file was reopened while it was copied")
        self._copying = False
        self._run_sql(f"PRAGMA wal_autocheckpoint={_AUTOCHECKPOINT_PAGES}")

    def verify_copy(self, path: Path) -> None:
        """See ``backup.verify``. Uses no connection of its own, so any thread may call it."""
        verify(path, self._key)

    def _write(self, works: Sequence[Work]) -> list[Outcome]:
        connection = self._opened()
        self._run_sql("BEGIN IMMEDIATE")
        try:
            before = connection.total_changes
            outcomes = [self._attempt(work) for work in works]
            if connection.total_changes != before:
                self._commit()
        finally:
            self._roll_back()
        return outcomes

    def _attempt(self, work: Work) -> Outcome:
        connection = self._opened()
        self._run_sql("SAVEPOINT work")
        try:
            with self._session.granting(Access.WRITE):
                value = work(self._transaction)
        except BaseException as exc:
            if not connection.in_transaction:
                raise
            self._run_sql("ROLLBACK TO work")
            self._run_sql("RELEASE work")
            if isinstance(exc, StopIteration):
                # A future takes any error but this one.
                return Outcome(error=RuntimeError("the work raised StopIteration"))
            return Outcome(error=exc)
        self._run_sql("RELEASE work")
        return Outcome(value)

    def _commit(self) -> None:
        connection = self._opened()
        number = (self._last_commit + 1) % _COMMIT_NUMBERS
        self._run_sql(f"PRAGMA user_version={number}")
        try:
            connection.execute("COMMIT")
        except binding.VendorError as exc:
            error = binding.translate(exc, self._path)
            if connection.in_transaction or not self._took_place(number):
                raise error from exc
        self._last_commit = number
        self.commits_in_wal += 1

    def _took_place(self, number: int) -> bool:
        """Whether a COMMIT that reported an error did its work: reopen, look, make sure it stays.

        A failed fsync leaves frames that a later recovery may or may not find.
        """
        self._disconnect()
        try:
            connection = self._opened()
            if self._last_commit != number:
                return False
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except binding.VendorError as exc:
            error = binding.translate(exc, self._path)
            raise type(error)(error.detail, retry=Retry.UNKNOWN) from exc
        except StoreError as exc:
            raise type(exc)(exc.detail, retry=Retry.UNKNOWN) from exc
        return True

    def _roll_back(self) -> None:
        connection = self._connection
        if connection is None or not connection.in_transaction:
            return
        try:
            connection.execute("ROLLBACK")
        except binding.VendorError as exc:
            self._note_trouble(binding.translate(exc, self._path).code)
            self._disconnect()

    def _note_trouble(self, code: str) -> None:
        """Log when the disk starts to refuse, and when it stops, not each time in between."""
        if code == self._trouble:
            return
        if code:
            log.error("the store can not write: %s", code)
        else:
            log.warning("the store can write again")
        self._trouble = code

    def _opened(self) -> binding.Connection:
        """The connection; opened again if a failure closed it."""
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _run_sql(self, sql: str) -> None:
        try:
            self._opened().execute(sql)
        except binding.VendorError as exc:
            raise binding.translate(exc, self._path) from exc

    def _connect(self) -> binding.Connection:
        if self._guard is None:
            raise StoreError("the store is closed")
        connection = None
        try:
            connection = binding.connect_encrypted(self._path, self._key)
            connection.execute(f"PRAGMA wal_autocheckpoint={_AUTOCHECKPOINT_PAGES}")
            bring_up_to_date(connection)
            (self._last_commit,) = connection.execute("PRAGMA user_version").fetchone()
        except BaseException as exc:
            if connection is not None:
                connection.close()
            if isinstance(exc, binding.VendorError):
                raise self._why_not_open(exc, self._guard) from exc
            raise
        self._session = Session(connection, self._path)
        self._transaction = SqlTransaction(self._session, self._clock)
        return connection

    def _disconnect(self) -> None:
        self._copying = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _expect_file(self, guard: Guard) -> None:
        """Make the file if there never was one; SQLite would take a lost one for new, and be silent about it."""
        try:
            self._file = os.open(self._path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            size = os.fstat(self._file).st_size
        except OSError as exc:
            raise disk_error(exc) from exc
        if size < binding.PAGE_BYTES and guard.knows_key():
            raise StoreDamaged("the file is lost or empty")

    def _why_not_open(self, error: binding.VendorError, guard: Guard) -> StoreError:
        if binding.is_not_a_database(error) and not guard.knows_key():
            return StoreKeyWrong("the key does not open the file")
        return binding.translate(error, self._path)
