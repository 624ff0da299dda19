"""Who did what, and who was refused."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from api.audit import Audited
from api.errors import declared
from api.pages import Limit, rows_on_page

router = APIRouter(tags=["service"])


class AuditPage(BaseModel):
    """Entries of the audit log, the newest first."""

    entries: list[Audited]
    next_before: int | None = Field(description="`before` of the next page, null at the end.")


@router.get("/audit", responses=declared(422))
def get_audit(
    request: Request,
    limit: Limit = None,
    before: Annotated[int | None, Query(ge=1, le=1 << 62)] = None,
) -> AuditPage:
    """List who triggered, ingested and changed what, and what was refused."""
    limit = rows_on_page(request, limit)
    found = request.app.state.access.log.page(limit + 1, before)
    return AuditPage(
        entries=found[:limit],
        next_before=found[limit - 1].audit_id if len(found) > limit else None,
    )
