"""What is thrown away by the clock."""

from __future__ import annotations

from ..queue import task, transaction
from ..services import access, api_tokens


@task("delete_expired_tokens", cron="17 3 * * *")
def delete_expired_tokens(timestamp: int) -> None:
    """Tokens that ended long ago."""
    with transaction(access.system(None)):
        api_tokens.delete_expired()
