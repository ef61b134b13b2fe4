"""Receipts of days closed through the API, exported and verified by the command as anyone would run it."""

import asyncio
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from caixa_fluxo.verification_command import DIFFERS, verify
from tests.integration.fluxo.conftest import LANCAMENTOS, Fluxo
from tests.local.environment import PROGRAMS

FECHAMENTOS = "/api/v1/fechamentos"
FIRST = date(2024, 2, 28)
DAYS = 5
COMMAND = PROGRAMS / "caixa-fluxo"


async def verified(recibos: Path, lancamentos: Path) -> tuple[int | None, list[str], str]:
    """Run the command in a process that knows no database; give its exit code, what it printed and what it complained of."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        str(COMMAND), "verificar-recibos", str(recibos), str(lancamentos), env={"LANG": "C.UTF-8"}, stdout=pipe, stderr=pipe
    )
    out, complaint = await process.communicate()
    return process.returncode, out.decode().splitlines(), complaint.decode()


async def exported(fluxo: Fluxo, folder: Path) -> tuple[Path, Path]:
    """Save both exports."""
    paths = folder / "recibos.ndjson", folder / "lancamentos.ndjson"
    for path, address in zip(paths, (f"{FECHAMENTOS}/exportacao", f"{LANCAMENTOS}/exportacao?formato=ndjson"), strict=True):
        answer = await fluxo.client.get(address, headers=fluxo.headers(None))
        assert answer.status_code == 200, answer.text
        path.write_bytes(answer.content)
    return paths


@pytest.fixture
async def files(fluxo: Fluxo, tmp_path: Path) -> tuple[Path, Path]:
    """Give the exports of a merchant with five closed days in two currencies, an estorno, an empty day, and a day still open."""
    days = [(FIRST + timedelta(days=offset)).isoformat() for offset in range(DAYS + 1)]
    entries = [
        {"tipo": tipo, "valor": valor, "moeda": moeda, "data": day}
        for day in (*days[:3], *days[4:])
        for tipo, valor, moeda in (("credito", 12345, "BRL"), ("debito", 45, "BRL"), ("credito", 7, "USD"))
    ]
    recorded = await fluxo.post({"lancamentos": entries}, path=f"{LANCAMENTOS}/lote")
    assert recorded.status_code == 201, recorded.text
    await fluxo.post(path=f"{LANCAMENTOS}/{recorded.json()['itens'][0]['id']}/estorno")
    await fluxo.of(uuid4()).record(data=days[0])
    for day in (days[0], days[3], days[4]):
        assert (await fluxo.post({"data": day}, path=FECHAMENTOS)).status_code == 201
    return await exported(fluxo, tmp_path)


async def test_what_the_service_closed_holds(files: tuple[Path, Path]) -> None:
    """Every closed day is verified, in order, without database or network, and the exit code is 0."""
    code, lines, complaint = await verified(*files)
    assert (code, complaint) == (0, "")
    assert lines[:-1] == [f"{FIRST + timedelta(days=offset)} confere" for offset in range(DAYS)]
    assert lines[-1].startswith(f"{DAYS} dias, 0 com diferença; o último hash é ")


async def test_one_byte_of_an_entry_is_found_on_its_day(files: tuple[Path, Path]) -> None:
    """The oldest entry's last digit changed: exit code 1, that day differs by the two numbers, and the others hold."""
    recibos, lancamentos = files
    content = lancamentos.read_bytes()
    place = content.rindex(b'"valor":12345') + len(b'"valor":12345') - 1
    lancamentos.write_bytes(content[:place] + b"6" + content[place + 1 :])
    code, lines, _ = await verified(recibos, lancamentos)
    assert code == 1
    assert lines[0] == f"{FIRST} DIFERE: BRL total_creditos: o recibo diz 12345, e os lançamentos somam 12346"
    assert [line.split()[1] for line in lines[1:DAYS]] == ["confere"] * (DAYS - 1)


async def test_one_byte_of_a_receipt_is_found(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Its total changed, also where the entries are changed alike: the hash tells."""
    for path, name in zip(files, (b"total_creditos", b"valor"), strict=True):
        path.write_bytes(path.read_bytes().replace(b'"%b":12345' % name, b'"%b":12346' % name))
    capsys.readouterr()
    assert verify(*files) == DIFFERS
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[:DAYS]] == ["DIFERE:", "DIFERE:", "DIFERE:", "confere", "DIFERE:"]
    assert "o hash do que o recibo diz é" in lines[0]
