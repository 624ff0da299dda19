"""Whether the service is alive."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

router = APIRouter(tags=["service"])

_ALIVE = b'{"status":"ok"}'


class Health(BaseModel):
    """The service answers."""

    status: str


@router.get("/health", response_class=Response, responses={200: {"model": Health}})
async def health() -> Response:
    """Say that the service is alive."""
    return Response(_ALIVE, media_type="application/json")
