"""The page's static files."""

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from caixa_comum.problems import problem
from caixa_gateway.pagina.pagina import HEADERS, STATIC, static_file


def static_route() -> HTTPRouteHandler:
    """Make the route; a file asked for under its own version is kept for ever."""

    @get("/pagina/{versao:str}/{nome:str}", include_in_schema=False, sync_to_thread=False)
    def estatico(versao: FromPath[str], nome: FromPath[str]) -> Response[bytes]:
        if nome not in STATIC:
            raise problem(404, "Não há nada neste endereço.")
        content, version = static_file(nome)
        kept = "public, max-age=31536000, immutable" if versao == version else "no-cache"
        return Response(content, media_type=STATIC[nome], headers={**HEADERS, "Cache-Control": kept})

    return estatico
