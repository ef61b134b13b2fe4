"""The admin looks after merchants: lists and reads them, changes their secrets, and locks them out and in again."""

from uuid import uuid4

import pytest

from caixa_comum import migrations
from caixa_comum.settings import TokenSettings
from tests.integration.fluxo.running import api as fluxo_api
from tests.integration.gateway.door import ADMIN, Door, opened, settings_for
from tests.integration.saldo.running import api as saldo_api
from tests.local.database import Database
from tests.local.waiting import eventually

COMERCIANTES = "/api/v1/comerciantes"
SALDO = "/api/v1/saldos/atual"


async def test_merchants_are_listed_newest_first_page_by_page(door: Door) -> None:
    """Following `proximo` gives each merchant once, and no secret of any."""
    admin = await door.bearer(*ADMIN)
    registered = [(await door.register(nome=f"Loja {number}"))["id"] for number in range(5)]
    seen: list[str] = []
    cursor: str | None = ""
    pages = 0
    while cursor is not None and pages < 3:
        status, page, _ = await door.ask("GET", f"{COMERCIANTES}?limite=2{cursor and f'&cursor={cursor}'}", headers=admin)
        assert status == 200
        assert all(set(one) == {"id", "nome", "fuso", "client_id", "criado_em", "desativado_em"} for one in page["itens"])
        seen += [one["id"] for one in page["itens"]]
        cursor, pages = page["proximo"], pages + 1
    assert seen[:5] == registered[::-1]
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("query", ["cursor=x", "cursor=%C3%A9", "cursor=" + "A" * 40, "limite=0", "limite=201", "limite=dois", "cursor="])
async def test_a_wrong_page_is_400_and_points_at_the_parameter(door: Door, query: str) -> None:
    """Neither a made-up cursor nor a wrong limit is a fault of ours."""
    status, body, _ = await door.ask("GET", f"{COMERCIANTES}?{query}", headers=await door.bearer(*ADMIN))
    assert (status, body["erros"][0]["ponteiro"]) == (400, "/" + query.partition("=")[0])


async def test_one_merchant_is_read_and_an_unknown_one_is_404(door: Door) -> None:
    """What was registered is read; every route of an unknown merchant says that there is none."""
    admin = await door.bearer(*ADMIN)
    registered = await door.register(nome="Padaria", fuso="America/Manaus")
    status, ficha, headers = await door.ask("GET", f"{COMERCIANTES}/{registered['id']}", headers=admin)
    assert (status, ficha["nome"], ficha["fuso"], ficha["desativado_em"]) == (200, "Padaria", "America/Manaus", None)
    assert headers["cache-control"] == "no-store"
    for method, path in (("GET", ""), ("POST", "/segredo"), ("POST", "/desativacao"), ("POST", "/reativacao")):
        assert (await door.ask(method, f"{COMERCIANTES}/{uuid4()}{path}", headers=admin))[0] == 404
        assert (await door.ask(method, f"{COMERCIANTES}/nada{path}", headers=admin))[0] == 404


async def test_a_replaced_secret_is_good_for_nothing_and_the_new_one_works(door: Door) -> None:
    """The old secret gets no token from that moment on; a token that it got before lives out its time."""
    merchant = await door.register()
    before = await door.bearer(merchant["client_id"], merchant["client_secret"])
    status, new, headers = await door.ask("POST", f"{COMERCIANTES}/{merchant['id']}/segredo", headers=await door.bearer(*ADMIN))
    assert (status, new["client_id"], headers["cache-control"]) == (201, merchant["client_id"], "no-store")
    assert (await door.token(merchant["client_id"], merchant["client_secret"]))[0] == 401
    assert (await door.ask("GET", SALDO, headers=before))[0] == 200
    after = await door.bearer(new["client_id"], new["client_secret"])
    assert (await door.ask("GET", SALDO, headers=after))[0] == 200


async def test_a_disabled_merchant_is_locked_out_of_every_replica_within_a_second_or_two_and_enabled_again(door: Door) -> None:
    """Its tokens stop at both gateways, it gets no new one, its neighbour is not touched; enabled, all works again."""
    merchant, neighbour, admin = await door.register(), await door.merchant(), await door.bearer(*ADMIN)
    credentials = (merchant["client_id"], merchant["client_secret"])
    headers = await door.bearer(*credentials)
    settings = settings_for(door.settings.database, door.settings.signing_key_file, rate_limit="10000/second")
    # A replica: other ports, the same issuer, keys and database.
    async with opened(settings, token_issuer=door.settings.token_issuer) as replica:
        assert (await replica.ask("GET", SALDO, headers=headers))[0] == 200

        async def everywhere(status: int) -> bool:
            return [(await one.ask("GET", SALDO, headers=headers))[0] for one in (door, replica)] == [status, status]

        first = (await door.ask("POST", f"{COMERCIANTES}/{merchant['id']}/desativacao", headers=admin))[1]["desativado_em"]
        again = (await replica.ask("POST", f"{COMERCIANTES}/{merchant['id']}/desativacao", headers=admin))[1]["desativado_em"]
        assert first == again is not None
        assert (await door.token(*credentials))[0] == 401
        await eventually("both replicas refuse the token", lambda: everywhere(401))
        assert "disabled" in (await door.ask("GET", SALDO, headers=headers))[2]["www-authenticate"]
        assert (await door.ask("GET", SALDO, headers=neighbour))[0] == 200

        status, ficha, _ = await replica.ask("POST", f"{COMERCIANTES}/{merchant['id']}/reativacao", headers=admin)
        assert (status, ficha["desativado_em"]) == (200, None)
        await eventually("both replicas accept the token", lambda: everywhere(200))
        assert (await door.token(*credentials))[0] == 200


async def test_merchants_are_looked_after_by_the_admin_alone(door: Door) -> None:
    """A merchant's token is a 403 at every route, also at its own; none is a 401."""
    merchant = await door.register()
    headers = await door.bearer(merchant["client_id"], merchant["client_secret"])
    own = f"{COMERCIANTES}/{merchant['id']}"
    for method, path in (
        ("GET", COMERCIANTES),
        ("GET", own),
        *(("POST", own + last) for last in ("/segredo", "/desativacao", "/reativacao")),
    ):
        assert (await door.ask(method, path, headers=headers))[0] == 403
        assert (await door.ask(method, path))[0] == 401


async def test_a_disabled_merchants_token_stops_at_once_here_and_with_its_lifetime_at_the_services(door: Door, mysql: Database) -> None:
    """The gateway that disabled it refuses the very next request; fluxo and saldo, asked behind its back, do once the token expires."""
    await migrations.upgrade(mysql.settings("saldo_migration", "caixa_saldo"), "caixa_saldo")
    settings = settings_for(door.settings.database, door.settings.signing_key_file, token_lifetime_seconds=3)
    tokens = TokenSettings(token_issuer=settings.token_issuer)
    async with (
        opened(settings) as short,
        fluxo_api(mysql, tokens) as fluxo,
        saldo_api(mysql.settings("saldo", "caixa_saldo"), tokens) as saldo,
    ):
        merchant, admin = await short.register(), await short.bearer(*ADMIN)
        headers = await short.bearer(merchant["client_id"], merchant["client_secret"])
        behind = [f"{fluxo}/api/v1/lancamentos", f"{saldo.url}{SALDO}"]

        async def statuses() -> list[int]:
            found = []
            for url in behind:
                async with short.session.get(url, headers=headers) as answer:
                    found.append(answer.status)
            return found

        async def expired() -> bool:
            return await statuses() == [401, 401]

        assert (await short.ask("GET", SALDO, headers=headers))[0] == 200
        before = await short.metric("caixa_token_failures_total", reason="disabled")
        assert await statuses() == [200, 200]
        assert (await short.ask("POST", f"{COMERCIANTES}/{merchant['id']}/desativacao", headers=admin))[0] == 200
        assert (await short.ask("GET", SALDO, headers=headers))[0] == 401
        assert await short.metric("caixa_token_failures_total", reason="disabled") == before + 1
        await eventually("the services refuse the token", expired)
        assert (await short.token(merchant["client_id"], merchant["client_secret"]))[0] == 401
