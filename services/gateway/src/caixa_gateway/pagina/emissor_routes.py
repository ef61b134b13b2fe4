"""The page where an external issuer gives the tokens: it has no sign-in of its own, and says so."""

from litestar import Router, get

from caixa_gateway.pagina.estatico import static_route
from caixa_gateway.pagina.pagina import Html, render


def issuer_page(issuer: str) -> Router:
    """Make the page's router."""

    @get(["/", "/entrar"], include_in_schema=False, sync_to_thread=False)
    def emissor() -> Html:
        return render("emissor.html", None, emissor=issuer)

    return Router("/", route_handlers=[static_route(), emissor])
