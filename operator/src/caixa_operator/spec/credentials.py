"""spec.credentials: where passwords come from, and how often those that the operator has generated are replaced."""

from datetime import timedelta
from typing import Annotated

import msgspec

from caixa_operator.spec.rule import Rule, checked

_EVERY = Rule("self.matches('^[1-9][0-9]{0,4}h$')", "write whole hours, such as 720h for 30 days; the least is 1h")


class CredentialSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The passwords of the stores that the operator runs; those of external stores belong to whoever runs these."""

    rotate_every: Annotated[
        Annotated[
            str,
            checked(_EVERY, description="How old generated passwords may become before they are replaced, such as 720h.", max_length=6),
        ]
        | None,
        msgspec.Meta(description="How old generated passwords may become before they are replaced, such as 720h; never if absent."),
    ] = None

    @property
    def every(self) -> timedelta | None:
        """How old they may become, or None where they are replaced on request only."""
        return None if self.rotate_every is None else timedelta(hours=int(self.rotate_every.removesuffix("h")))
