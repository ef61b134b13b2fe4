"""How the page answers: templates, the headers that keep it safe, the session's cookie, and where a request came from."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import MediaType, Request, Response
from litestar.datastructures import Cookie, State

from caixa_comum.bodies import read_bytes
from caixa_comum.dominio import hoje
from caixa_comum.problems import problem
from caixa_gateway.incoming import in_time
from caixa_gateway.pagina import dinheiro, formularios, telas
from caixa_gateway.pagina.sessao import COOKIE, Seal, Sessao, genuine, same_site

PACKAGE: Final = "caixa_gateway.pagina"
STATIC: Final = {
    "caixa.css": "text/css; charset=utf-8",
    "caixa.js": "text/javascript; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "icone.svg": "image/svg+xml",
}
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
PRIVATE: Final = {**HEADERS, "Cache-Control": "no-store"}
AnyRequest = Request[Any, Any, State]  # Any: the page knows its merchants by its own sessions
Html = Response[str]


class SemSessao(Exception):
    """Nobody has signed in, or the session has ended."""


def entered(request: AnyRequest, seal: Seal) -> Sessao:
    """Give the session of a merchant who has signed in. Raises SemSessao."""
    sessao = seal.open(request.cookies.get(COOKIE))
    if sessao is None or sessao.comerciante_id is None:
        raise SemSessao
    return sessao


async def form_of(request: AnyRequest, sessao: Sessao | None) -> dict[str, str]:
    """Read a form that was made for this session. Raises Problem: 403 for any other, 408, 413."""
    async with in_time():
        body = await read_bytes(request, maior=formularios.MAIOR_FORMULARIO)
    headers = request.headers
    form = formularios.fields(body)
    if not same_site(headers.get("origin"), headers.get("sec-fetch-site"), headers.get("host", "")) or not genuine(
        sessao, form.get("csrf", "")
    ):
        raise problem(403, "Este formulário não vale mais. Volte, recarregue a página e tente de novo.")
    return form


def today(sessao: Sessao) -> date:
    """Give the merchant's business day of now."""
    return hoje(telas.fuso_de(sessao.fuso), datetime.now(UTC))


def now(sessao: Sessao) -> str:
    """Tell the time of day where the merchant is."""
    return telas.hora(datetime.now(UTC), telas.fuso_de(sessao.fuso))


@cache
def templates() -> Environment:
    """Load the templates, which escape everything and fail on names that they were not given."""
    environment = Environment(
        loader=PackageLoader(PACKAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, auto_reload=False
    )
    environment.globals["estatico"] = static_path
    environment.filters["dinheiro"] = dinheiro.por_extenso
    return environment


@cache
def static_file(name: str) -> tuple[bytes, str]:
    """Give a static file and the beginning of its SHA-256. Raises KeyError for names that are none."""
    STATIC[name]
    content = files(PACKAGE).joinpath("static", name).read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:12]


def static_path(name: str) -> str:
    """Give the path of a static file, which changes with its content and may therefore be cached for ever."""
    return f"/pagina/{static_file(name)[1]}/{name}"


def render(template: str, sessao: Sessao | None, *, status: int = 200, headers: Mapping[str, str] | None = None, **shown: object) -> Html:
    """Render a screen."""
    text = templates().get_template(template).render(sessao=sessao, **{"titulo": "Caixa", "aqui": "", **shown})
    return Response(text, status_code=status, media_type=MediaType.HTML, headers={**PRIVATE, **(headers or {})})


def cookie(request: AnyRequest, seal: Seal, sessao: Sessao, secure: str) -> Cookie:
    """Make the session's cookie: out of scripts' reach, never sent along from other sites, and by https only where the page is."""
    return Cookie(
        key=COOKIE, value=seal.seal(sessao), path="/", httponly=True, samesite="lax", secure=_secure(request, secure), max_age=seal.seconds
    )


def _secure(request: AnyRequest, secure: str) -> bool:
    """Decide whether the cookie is for https only. A proxy's word counts: whoever lies about it only loses their own session."""
    told = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip()
    return secure == "always" or (secure == "auto" and "https" in {request.url.scheme, told})


class Moved(msgspec.Struct, frozen=True):
    """Where a browser goes next."""

    path: str

    def response(self, *, htmx: bool = False) -> Html:
        """Send it there: by 303, or by htmx's own header where a part of a page had asked."""
        if htmx:
            return Response("", status_code=401, media_type=MediaType.HTML, headers={**PRIVATE, "HX-Redirect": self.path})
        return Response("", status_code=303, media_type=MediaType.HTML, headers={**PRIVATE, "Location": self.path})
