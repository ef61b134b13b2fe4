"""The page put together: its routes below one router, whose errors are screens instead of JSON."""

from collections.abc import Mapping

from litestar import Router

from caixa_comum.problems import Problem
from caixa_gateway import grant
from caixa_gateway.disabled import ActiveVerifier
from caixa_gateway.identity import Holder, Identity
from caixa_gateway.pagina.caixa_routes import cash_routes
from caixa_gateway.pagina.dia_routes import day_routes
from caixa_gateway.pagina.entrar_routes import sign_in_routes
from caixa_gateway.pagina.estatico import static_route
from caixa_gateway.pagina.nada_routes import nowhere_route
from caixa_gateway.pagina.pagina import AnyRequest, Html, Moved, SemSessao, render
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
    verifier: ActiveVerifier,
    limit: RateLimit,
) -> Router:
    """Make the page's router."""
    seal = Seal(keys.derived(PURPOSE), seconds=settings.session_seconds)

    def mint(sessao: Sessao, seconds: int) -> str:
        holder = Holder(sessao.comerciante_id or "", sessao.client_id, sessao.fuso or None, grant.MERCHANT_SCOPES)
        return identity.signed(holder, " ".join(grant.MERCHANT_SCOPES), seconds)

    servicos = Servicos(upstreams, verifier, limit, mint, answer_seconds=settings.answer_seconds)

    def ended(request: AnyRequest, _error: SemSessao) -> Html:
        """Lead to the sign-in; who had a session is told why it has ended."""
        value = request.cookies.get(COOKIE)
        sessao = seal.open(value)
        had = value is not None and (sessao is None or sessao.comerciante_id is not None)
        disabled = sessao is not None and sessao.comerciante_id in verifier.disabled
        to = "/entrar?desativado" if disabled else "/entrar?fim" if had else "/entrar"
        answer = Moved(to).response(htmx="hx-request" in request.headers)
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

    return Router(
        "/",
        route_handlers=[
            static_route(),
            *sign_in_routes(identity, seal, limit, secure=settings.session_cookie_secure),
            *cash_routes(seal, servicos),
            *report_routes(seal, servicos),
            *day_routes(seal, servicos),
            nowhere_route(),
        ],
        exception_handlers={SemSessao: ended, Problem: refused},
    )
