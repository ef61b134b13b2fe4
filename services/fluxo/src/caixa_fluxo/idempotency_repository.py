"""The SQL that forgets answers that were kept long enough."""

from datetime import datetime

import msgspec
from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from caixa_comum.columns import UtcMicros, Uuid16
from caixa_fluxo.exact_text import ExactText

EXPIRED = (
    text(
        "SELECT comerciante_id, chave FROM idempotencia FORCE INDEX (ix_idempotencia_created_at) WHERE created_at < :before"
        " ORDER BY created_at LIMIT :limit"
    )
    .bindparams(bindparam("before", type_=UtcMicros()))
    .columns(comerciante_id=Uuid16(), chave=ExactText(255, ascii_only=True))
)
"""Without any lock: a scan that locks also locks the key behind the last one, and waits for it while it is being claimed."""

FORGET = text(
    "DELETE kept FROM JSON_TABLE(:keys, '$[*]' COLUMNS (comerciante VARCHAR(32) PATH '$[0]', chave VARCHAR(510) PATH '$[1]')) AS expired"
    " STRAIGHT_JOIN idempotencia AS kept FORCE INDEX (PRIMARY)"
    " ON kept.comerciante_id = UNHEX(expired.comerciante) AND kept.chave = UNHEX(expired.chave)"
    " WHERE kept.created_at < :before"
).bindparams(bindparam("before", type_=UtcMicros()))
"""One look-up by primary key per row; a key that was deleted and claimed anew since it was read is let be."""


async def forget_oldest(connection: AsyncConnection, before: datetime, limit: int) -> tuple[int, bool]:
    """Delete up to `limit` of the keys claimed before this instant, the oldest first; return how many, and whether more may be left.

    No other key is locked; another purge that is at the same ones is waited for, and leaves nothing to do.
    """
    rows = (await connection.execute(EXPIRED, {"before": before, "limit": limit})).all()
    if not rows:
        return 0, False
    keys = [(row.comerciante_id.hex, row.chave.encode().hex()) for row in rows]
    done = await connection.execute(FORGET, {"keys": msgspec.json.encode(keys).decode(), "before": before})
    return done.rowcount, len(rows) == limit
