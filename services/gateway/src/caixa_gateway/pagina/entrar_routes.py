"""Signing in and out."""

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler

from caixa_comum.problems import Problem
from caixa_gateway.grant import Asked, ClientDisabled, GrantRefused
from caixa_gateway.identity import Identity
from caixa_gateway.pagina.pagina import AnyRequest, Html, Moved, cookie, form_of, render
from caixa_gateway.pagina.sessao import COOKIE, Seal, Sessao
from caixa_gateway.rate_limit import RateLimit, Scope

UNKNOWN = "Não reconhecemos esse identificador com essa senha. Confira os dois e tente de novo."
ENDED = "Sua sessão terminou. Entre de novo para continuar."
DISABLED = "Este acesso foi desativado. Fale com quem administra o Caixa para reativá-lo."


def sign_in_routes(identity: Identity, seal: Seal, limit: RateLimit, *, secure: str) -> list[HTTPRouteHandler]:
    """Make the routes; attempts are limited by address and by client, in one count with the token endpoint's."""

    def screen(request: AnyRequest, sessao: Sessao, *, status: int = 200, client_id: str = "", erro: str = "", aviso: str = "") -> Html:
        answer = render("entrar.html", sessao, status=status, client_id=client_id, erro=erro, aviso=aviso, titulo="Entrar · Caixa")
        answer.set_cookie(cookie(request, seal, sessao, secure))
        return answer

    @get("/entrar", include_in_schema=False)
    async def entrar(request: AnyRequest) -> Html:
        sessao = seal.open(request.cookies.get(COOKIE))
        if sessao is not None and sessao.comerciante_id is not None:
            return Moved("/").response()
        asked = request.query_params
        return screen(request, sessao or seal.anonymous(), aviso=DISABLED if "desativado" in asked else ENDED if "fim" in asked else "")

    @post("/entrar", include_in_schema=False)
    async def conferir(request: AnyRequest) -> Html:
        anonymous = seal.open(request.cookies.get(COOKIE))
        try:
            async with limit.counted(request.client.host if request.client else "", Scope.ADDRESS):
                form = await form_of(request, anonymous)
                client_id = form.get("client_id", "").strip()
                async with limit.counted(client_id, Scope.CLIENT):
                    holder = await identity.merchant(Asked(client_id, form.get("client_secret", "").strip(), frozenset()))
        except GrantRefused as refused:
            erro = DISABLED if isinstance(refused, ClientDisabled) else UNKNOWN
            return screen(request, anonymous or seal.anonymous(), status=401, client_id=client_id, erro=erro)
        except Problem as refusal:
            return screen(request, anonymous or seal.anonymous(), status=refusal.status, erro=refusal.detail)
        sessao = seal.signed_in(
            comerciante_id=holder.subject, client_id=holder.client_id, nome=holder.nome or "Comerciante", fuso=holder.fuso or ""
        )
        answer = Moved("/").response()
        answer.set_cookie(cookie(request, seal, sessao, secure))
        return answer

    @post("/sair", include_in_schema=False)
    async def sair(request: AnyRequest) -> Response[str]:
        await form_of(request, seal.open(request.cookies.get(COOKIE)))
        answer = Moved("/entrar").response()
        answer.delete_cookie(COOKIE, path="/")
        return answer

    return [entrar, conferir, sair]
