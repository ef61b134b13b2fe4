"""An address that leads nowhere: a person is shown a screen with the way back, a program gets the problem as JSON."""

from typing import Final

from litestar import get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from caixa_comum.problems import problem
from caixa_gateway.pagina.pagina import AnyRequest, Html

FOR_PROGRAMS: Final = ("/api/", "/oauth/", "/.well-known/")


def nowhere_route() -> HTTPRouteHandler:
    """Make the route of all that no other route serves."""

    @get("/{resto:path}", include_in_schema=False, sync_to_thread=False)
    def nada(request: AnyRequest, resto: FromPath[str]) -> Html:
        if resto.startswith(FOR_PROGRAMS) or "text/html" not in request.headers.get("accept", ""):
            raise NotFoundException
        raise problem(404, "Não há nada neste endereço. Confira o que foi digitado, ou volte ao começo.")

    return nada
