"""The page put together: its routes below one router, whose errors are screens instead of JSON."""

from collections.abc import Mapping

from litestar import Response, Router, get
from litestar.params import FromPath

from caixa_comum.problems import Problem, problem
from caixa_comum.tokens import Verifier
from caixa_gateway import grant
from caixa_gateway.identity import Holder, Identity
from caixa_gateway.pagina.caixa_routes import cash_routes
from caixa_gateway.pagina.dia_routes import day_routes
from caixa_gateway.pagina.entrar_routes import sign_in_routes
from caixa_gateway.pagina.pagina import HEADERS, STATIC, AnyRequest, Html, Moved, SemSessao, render, static_file
from caixa_gateway.pagina.relatorio_routes import report_routes
from caixa_gateway.pagina.servicos import Servicos
from caixa_gateway.pagina.sessao import COOKIE, PURPOSE, Seal, Sessao
from caixa_gateway.rate_limit import RateLimit
from caixa_gateway.settings import GatewaySettings
from caixa_gateway.signing_keys import SigningKeys
from caixa_gateway.upstream import Upstream

UNAUTHORIZED = 401


def page_routes(
    settings: GatewaySettings,
    identity: Identity,
    keys: SigningKeys,
    upstreams: Mapping[str, Upstream],
    verifier: Verifier,
    limit: RateLimit,
) -> Router:
    """Make the page's router."""
    seal = Seal(keys.derived(PURPOSE), seconds=settings.session_seconds)

    def mint(sessao: Sessao, seconds: int) -> str:
        holder = Holder(sessao.comerciante_id or "", sessao.client_id, sessao.fuso or None, grant.MERCHANT_SCOPES)
        return identity.signed(holder, " ".join(grant.MERCHANT_SCOPES), seconds)

    servicos = Servicos(upstreams, verifier, limit, mint, answer_seconds=settings.answer_seconds)

    def ended(request: AnyRequest, _error: SemSessao) -> Html:
        """Lead to the sign-in; who had a session is told that it has ended."""
        value = request.cookies.get(COOKIE)
        sessao = seal.open(value)
        had = value is not None and (sessao is None or sessao.comerciante_id is not None)
        answer = Moved("/entrar?fim" if had else "/entrar").response(htmx="hx-request" in request.headers)
        if had:
            answer.delete_cookie(COOKIE, path="/")
        return answer

    def refused(request: AnyRequest, error: Problem) -> Html:
        """Show a problem as a screen. A token that the gateway itself signed is refused only where its merchant is no longer served."""
        if error.status == UNAUTHORIZED:
            return ended(request, SemSessao())
        sessao = seal.open(request.cookies.get(COOKIE))
        shown = sessao if sessao is not None and sessao.comerciante_id else None
        return render("problema.html", shown, status=error.status, headers=error.headers, problema=error, titulo=f"{error.title} · Caixa")

    @get("/pagina/{versao:str}/{nome:str}", include_in_schema=False, sync_to_thread=False)
    def estatico(versao: FromPath[str], nome: FromPath[str]) -> Response[bytes]:
        if nome not in STATIC:
            raise problem(404, "Não há nada neste endereço.")
        content, version = static_file(nome)
        kept = "public, max-age=31536000, immutable" if versao == version else "no-cache"
        return Response(content, media_type=STATIC[nome], headers={**HEADERS, "Cache-Control": kept})

    return Router(
        "/",
        route_handlers=[
            estatico,
            *sign_in_routes(identity, seal, limit, secure=settings.session_cookie_secure),
            *cash_routes(seal, servicos),
            *report_routes(seal, servicos),
            *day_routes(seal, servicos),
        ],
        exception_handlers={SemSessao: ended, Problem: refused},
    )
