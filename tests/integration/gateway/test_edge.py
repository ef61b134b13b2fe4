"""What every answer carries: careful headers, and leave for configured origins only."""

import pytest

from caixa_comum.settings import ConfigurationError
from caixa_gateway.edge import origins_of
from tests.integration.gateway.door import Door, opened, settings_for

SALDO = "/api/v1/saldos/atual"
LOJA = "https://loja.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


async def test_every_answer_is_dressed_whoever_gave_it(door: Door) -> None:
    """Pages, tokens, refusals and a service's own answers alike; what is somebody's is never stored unless its service says how."""
    headers = await door.merchant()
    for path, sent in (("/", {}), ("/docs", {}), (SALDO, {}), (SALDO, headers), ("/nada", {}), ("/.well-known/jwks.json", {})):
        _, _, answered = await door.ask("GET", path, headers=sent)
        assert (answered["x-content-type-options"], answered["x-frame-options"]) == ("nosniff", "DENY"), path
        assert "frame-ancestors 'none'" in answered["content-security-policy"]
        assert "access-control-allow-origin" not in answered
        assert not path.startswith("/api/") or answered["cache-control"] == "no-store"


async def test_only_configured_origins_may_ask_from_a_browser(door: Door) -> None:
    """A configured origin gets its preflight and may read the answer; another gets neither, and nobody may send cookies."""
    settings = settings_for(door.settings.database, door.settings.signing_key_file, cors_origins=LOJA)
    async with opened(settings) as shop:
        status, _, told = await shop.ask("OPTIONS", SALDO, headers={"Origin": LOJA, **PREFLIGHT})
        assert (status, told["access-control-allow-origin"]) == (204, LOJA)
        assert "Authorization" in told["access-control-allow-headers"]
        status, _, told = await shop.ask("GET", SALDO, headers={"Origin": LOJA} | await shop.merchant())
        assert (status, told["access-control-allow-origin"], "Origin" in told["vary"]) == (200, LOJA, True)
        assert "access-control-allow-credentials" not in told
        for origin in ("https://outra.example", "null", f"{LOJA}.evil.example"):
            status, _, told = await shop.ask("OPTIONS", SALDO, headers={"Origin": origin, **PREFLIGHT})
            assert status >= 400
            assert "access-control-allow-origin" not in told


@pytest.mark.parametrize("text", ["loja.example", "https://loja.example/x", "https://", "*.loja.example"])
def test_what_is_no_origin_is_refused_at_start(text: str) -> None:
    """The message names the variable."""
    with pytest.raises(ConfigurationError, match="CAIXA_CORS_ORIGINS"):
        origins_of(text)


async def test_an_address_that_leads_nowhere_is_a_screen_for_people_and_json_for_programs(door: Door) -> None:
    """A browser is shown the way back, in the page's own dress; a program, and whoever asks below the API, gets the problem."""
    people = {"Accept": "text/html,application/xhtml+xml"}
    async with door.session.get(f"{door.url}/relatorio/de/ontem", headers=people) as shown:
        assert (shown.status, shown.content_type) == (404, "text/html")
        assert "Voltar ao começo" in await shown.text()
    for path, headers in (("/relatorio/de/ontem", {}), ("/api/v1/nada", people), ("/oauth/nada", people)):
        async with door.session.get(f"{door.url}{path}", headers=headers) as told:
            assert (told.status, told.content_type) == (404, "application/problem+json"), path
