"""Receipts are verified from exports: what holds is said to hold, and whatever was changed is found."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caixa_comum.dominio import Tipo
from caixa_comum.events import TotaisDoDia
from caixa_fluxo.fechamento import Recibo, digest, sealed
from caixa_fluxo.verification import LancamentoExportado, totals, verified
from caixa_fluxo.verification_command import DIFFERS, HOLDS, UNREADABLE, verify

FIRST = date(2024, 2, 27)
MERCHANT = UUID("00000000-0000-7000-8000-000000000002")
DAYS = 4
ENTRY = st.builds(
    LancamentoExportado,
    tipo=st.sampled_from(Tipo),
    valor=st.integers(1, 10**6),
    moeda=st.sampled_from(["BRL", "USD"]),
    data=st.integers(0, DAYS - 1).map(lambda days: FIRST + timedelta(days=days)),
)
ENTRIES = st.lists(ENTRY, min_size=1, max_size=8)


def closed(entries: list[LancamentoExportado]) -> list[Recibo]:
    """Close the days of these entries as the service does."""
    sums = totals(entries)
    recibos: list[Recibo] = []
    for offset in range(DAYS):
        dia = FIRST + timedelta(days=offset)
        recibos.append(
            sealed(
                id=uuid4(),
                comerciante_id=MERCHANT,
                data=dia,
                totais=sums.get(dia, ()),
                anterior=recibos[-1].hash if recibos else None,
                agora=datetime(2024, 3, 10, tzinfo=UTC),
            )
        )
    return recibos


def differences(recibos: list[Recibo], entries: list[LancamentoExportado]) -> list[tuple[date, str]]:
    """Give what verification finds."""
    return [(one.data, one.diferenca) for one in verified(recibos, totals(entries)) if one.diferenca is not None]


@settings(max_examples=30)
@given(ENTRIES)
def test_what_was_closed_holds(entries: list[LancamentoExportado]) -> None:
    """Every day of receipts made of the entries is verified, and so is it when the entries come in another order."""
    found = list(verified(closed(entries), totals(reversed(entries))))
    assert [one.data for one in found] == [FIRST + timedelta(days=offset) for offset in range(DAYS)]
    assert all(one.diferenca is None for one in found)


@settings(max_examples=40)
@given(ENTRIES, st.data())
def test_a_changed_entry_is_found_on_its_day(entries: list[LancamentoExportado], data: st.DataObject) -> None:
    """Another value, kind, currency or day, an entry that is missing, or one too many: the days concerned differ, and no others."""
    recibos = closed(entries)
    index = data.draw(st.integers(0, len(entries) - 1))
    one = entries[index]
    other = msgspec.structs.replace
    replaced = data.draw(
        st.sampled_from(
            [
                [],
                [one, one],
                [other(one, valor=one.valor + 1)],
                [other(one, tipo=one.tipo.oposto)],
                [other(one, moeda="JPY")],
                [other(one, data=one.data - timedelta(days=1))],
            ]
        )
    )
    changed = [*entries[:index], *replaced, *entries[index + 1 :]]
    assert {dia for dia, _ in differences(recibos, changed)} == {one.data, *(each.data for each in replaced)}


@settings(max_examples=40)
@given(ENTRIES, st.integers(0, DAYS - 1), st.data())
def test_a_changed_receipt_is_found(entries: list[LancamentoExportado], index: int, data: st.DataObject) -> None:
    """Whatever a receipt says otherwise than it was sealed; and resealed by a forger, the next day's link tells."""
    recibos = closed(entries)
    one = recibos[index]
    extra = TotaisDoDia(moeda="ZAR", total_creditos=1, total_debitos=0, quantidade=1)
    changes: list[dict[str, object]] = [
        {"id": uuid4()},
        {"comerciante_id": uuid4()},
        {"data": one.data + timedelta(days=1)},
        {"totais": (*one.totais, extra)},
        {"quantidade": one.quantidade + 1},
        {"hash_anterior": "0" * 64},
        {"hash": "0" * 64},
        {"fechado_em": one.fechado_em + timedelta(microseconds=1)},
    ]
    forged = msgspec.structs.replace(one, **data.draw(st.sampled_from(changes)))
    assert differences([*recibos[:index], forged, *recibos[index + 1 :]], entries)
    resealed = msgspec.structs.replace(one, fechado_em=one.fechado_em + timedelta(days=1))
    resealed = msgspec.structs.replace(resealed, hash=digest(resealed))
    found = differences([*recibos[:index], resealed, *recibos[index + 1 :]], entries)
    assert [dia for dia, _ in found] == [each.data for each in recibos[index + 1 : index + 2]]


@settings(max_examples=40)
@given(ENTRIES, st.integers(0, DAYS - 1))
def test_a_missing_receipt_is_found(entries: list[LancamentoExportado], index: int) -> None:
    """At the beginning, within, or twice: the chain shows it. At the end it is a day that is not closed, and nothing is wrong."""
    recibos = closed(entries)
    assert bool(differences([*recibos[:index], *recibos[index + 1 :]], entries)) == (index < DAYS - 1)
    assert differences([*recibos[: index + 1], *recibos[index:]], entries)


def test_the_first_difference_is_named_with_both_numbers() -> None:
    """The currency, what the receipt says and what the entries come to."""
    entries = [LancamentoExportado(Tipo.CREDITO, 500, "BRL", FIRST), LancamentoExportado(Tipo.DEBITO, 3, "USD", FIRST)]
    changed = [msgspec.structs.replace(entries[0], valor=400), entries[1]]
    assert differences(closed(entries), changed) == [(FIRST, "BRL total_creditos: o recibo diz 500, e os lançamentos somam 400")]


def test_entries_of_days_that_are_not_closed_do_not_matter() -> None:
    """What is after the last receipt may still change."""
    entries = [LancamentoExportado(Tipo.CREDITO, 500, "BRL", FIRST)]
    later = LancamentoExportado(Tipo.CREDITO, 1, "BRL", FIRST + timedelta(days=DAYS))
    assert not differences(closed(entries), [*entries, later])


def written(folder: Path, recibos: bytes, lancamentos: bytes) -> tuple[Path, Path]:
    """Write both exports."""
    paths = folder / "recibos.ndjson", folder / "lancamentos.ndjson"
    for path, content in zip(paths, (recibos, lancamentos), strict=True):
        path.write_bytes(content)
    return paths


ONE = [LancamentoExportado(Tipo.CREDITO, 500, "BRL", FIRST)]
RECIBOS = b"".join(msgspec.json.encode(one) + b"\n" for one in closed(ONE))
LANCAMENTOS = b"".join(msgspec.json.encode(one) + b"\n" for one in ONE)


def test_the_command_says_which_days_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line a day and a summary with the last hash, exit code 0; with a difference, 1 and the day that differs."""
    assert verify(*written(tmp_path, RECIBOS, LANCAMENTOS)) == HOLDS
    last = msgspec.json.decode(RECIBOS.splitlines()[-1])["hash"]
    days = [f"{FIRST + timedelta(days=offset)} confere" for offset in range(DAYS)]
    assert capsys.readouterr().out.splitlines() == [*days, f"{DAYS} dias, 0 com diferença; o último hash é {last}"]
    assert verify(*written(tmp_path, RECIBOS, LANCAMENTOS.replace(b"500", b"501"))) == DIFFERS
    assert f"{FIRST} DIFERE: BRL total_creditos" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("recibos", "lancamentos", "told"),
    [
        (b"", LANCAMENTOS, "não há nenhum recibo"),
        (b"\xff\n", LANCAMENTOS, "linha 1"),
        (RECIBOS + b"{}\n", LANCAMENTOS, f"linha {DAYS + 1}: /id campo obrigatório"),
        (RECIBOS.replace(b"2024-03-10T", b"0001-01-01T").replace(b"Z", b"+14:00"), LANCAMENTOS, "linha 1: não tem a forma"),
        (RECIBOS.replace(b'"hash":"', '"hash":"ç'.encode()).replace(b'"hash_anterior":"', '"hash_anterior":"ç'.encode()), b"", "linha 2"),
        (RECIBOS.replace(b"Z", b""), LANCAMENTOS, "fuso"),
        (RECIBOS, b"tipo;valor\r\n", "NDJSON"),
        (RECIBOS, LANCAMENTOS.replace(b"500", b"-500"), "lancamentos.ndjson, linha 1: /valor"),
        (RECIBOS, LANCAMENTOS + b"\n", "linha 2"),
        (RECIBOS, b"[" * 100_000, "linha 1"),
    ],
)
def test_what_cannot_be_read_is_said_where(
    recibos: bytes, lancamentos: bytes, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and a sentence that names file and line; never a traceback, whatever the files hold."""
    assert verify(*written(tmp_path, recibos, lancamentos)) == UNREADABLE
    streams = capsys.readouterr()
    assert told in streams.err
    assert streams.out == ""


def test_a_file_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and its name, for a folder too."""
    recibos, _ = written(tmp_path, RECIBOS, LANCAMENTOS)
    for missing in (tmp_path / "nada", tmp_path):
        assert verify(recibos, missing) == UNREADABLE
        assert str(missing) in capsys.readouterr().err


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(RECIBOS) - 1), st.integers(1, 255))
def test_no_changed_byte_of_a_receipt_goes_unnoticed(tmp_path_factory: pytest.TempPathFactory, place: int, flip: int) -> None:
    """Any byte of the file, changed to any other, is a difference or unreadable, unless the receipts still say the very same."""
    changed = bytearray(RECIBOS)
    changed[place] ^= flip
    code = verify(*written(tmp_path_factory.mktemp("byte"), bytes(changed), LANCAMENTOS))
    if code == HOLDS:
        assert [msgspec.json.decode(line, type=Recibo) for line in bytes(changed).splitlines()] == [
            msgspec.json.decode(line, type=Recibo) for line in RECIBOS.splitlines()
        ]
