"""Routes for what is asked all the time."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from api.reading import check_parameters


class PlainRoute(APIRoute):
    """An endpoint that is declared as any other and answers in half the time.

    The half that it saves is FastAPI's work to take a request apart. So query parameters have to
    be text, all of them needed, and only dependencies of the endpoint itself are looked at, each
    a check of the request.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        checks = [needed.dependency for needed in self.dependencies if needed.dependency]
        names = [parameter.alias for parameter in self.dependant.query_params]
        endpoint = self.endpoint

        async def answer(request: Request) -> Response:
            for check in checks:
                await check(request)
            sent = request.query_params
            missing = [
                {"type": "missing", "loc": ("query", name), "msg": "Field required", "input": None}
                for name in names
                if name not in sent
            ]
            if missing:
                raise RequestValidationError(missing)
            if len(sent.multi_items()) > len(names):
                await check_parameters(request)
            return await endpoint(request, **{name: sent[name] for name in names})

        return answer
