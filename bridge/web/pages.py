"""The endpoints: /hook, /healthz, /readyz, /metrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.watch.health import Health
from bridge.web.bodies import BodyError, Bounds, whole
from bridge.web.hooks import Answer, Doorkeeper

SIGNATURE = "x-redmine-signature-256"
NO_STORE = {"cache-control": "no-store"}


@dataclass(frozen=True)
class Pages:
    """What the endpoints answer from. `doorkeeper` is None where the operator has set neither a secret nor a token."""

    health: Health
    metrics: Callable[[], bytes]
    doorkeeper: Doorkeeper | None = None
    bounds: Bounds = field(default_factory=Bounds)

    def app(self) -> ASGIApp:
        """The ASGI application."""
        routes = [
            Route("/healthz", self._healthz),
            Route("/readyz", self._readyz),
            Route("/metrics", self._metrics),
        ]
        if self.doorkeeper and self.doorkeeper.keys.secrets:
            routes.append(Route("/hook", self._hook, methods=["POST"]))
        if self.doorkeeper and self.doorkeeper.keys.token:
            routes.append(Route("/hook/{token}", self._hook, methods=["POST"]))
        return Starlette(routes=routes, middleware=[Middleware(OneRequestEach)])

    async def _healthz(self, _: Request) -> Response:
        alive, silence = self.health.alive(), self.health.silence()
        sentence = f"the loop moved {silence:.0f} s ago\n"
        return PlainTextResponse(sentence, 200 if alive else 503, NO_STORE)

    async def _readyz(self, _: Request) -> Response:
        readiness = self.health.readiness()
        return JSONResponse(readiness.as_json(), 200 if readiness.ready else 503, NO_STORE)

    async def _metrics(self, _: Request) -> Response:
        return Response(self.metrics(), headers=NO_STORE, media_type=CONTENT_TYPE_LATEST)

    async def _hook(self, request: Request) -> Response:
        assert self.doorkeeper is not None
        answer = await self._let_in(request, self.doorkeeper)
        return PlainTextResponse(f"{answer.sentence}\n", answer.status, NO_STORE)

    async def _let_in(self, request: Request, doorkeeper: Doorkeeper) -> Answer:
        try:
            body = await whole(request, self.bounds)
        except BodyError as error:
            return doorkeeper.refuse(error.fate, str(error))
        token = request.path_params.get("token")
        if token is not None:
            return doorkeeper.by_token(body, token)
        return doorkeeper.signed(body, request.headers.get(SIGNATURE, ""))


class OneRequestEach:
    """Ends the connection with each answer, so that one limit on a connection's life bounds whatever its client does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, closing)
