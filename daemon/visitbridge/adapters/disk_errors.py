"""What the operating system's refusal of a file means for the box."""

from __future__ import annotations

import errno

from visitbridge.errors import StoreError, StoreFull, StoreReadOnly


def disk_error(error: OSError) -> StoreError:
    """The typed error for a file operation that failed; nothing of its message, which may name a file."""
    detail = errno.errorcode.get(error.errno or 0, "OSError")
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return StoreFull(detail)
    if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        return StoreReadOnly(detail)
    return StoreError(detail)
