"""The query parameters of lists and exports, as the documentation shows them; `listing` reads them and says what is wrong."""

from typing import Annotated

from litestar.params import PathParameter, QueryParameter

DataInicial = Annotated[str | None, QueryParameter(description="Primeiro dia, AAAA-MM-DD", schema_extra={"format": "date"})]
DataFinal = Annotated[str | None, QueryParameter(description="Último dia, AAAA-MM-DD", schema_extra={"format": "date"})]
TipoBuscado = Annotated[str | None, QueryParameter(description="Só deste tipo", schema_extra={"enum": ["credito", "debito"]})]
MoedaBuscada = Annotated[str | None, QueryParameter(description="Só desta moeda (ISO 4217)")]
ReferenciaBuscada = Annotated[str | None, QueryParameter(description="Só o lançamento com esta referência")]
Limite = Annotated[str | None, QueryParameter(description="Itens por página, de 1 a 500; 50 se omitido")]
Cursor = Annotated[str | None, QueryParameter(description="`proximo` da página anterior")]
Formato = Annotated[str | None, QueryParameter(description="csv ou ndjson", required=True, schema_extra={"enum": ["csv", "ndjson"]})]
Dia = Annotated[str, PathParameter(description="Dia do calendário, AAAA-MM-DD", schema_extra={"format": "date"})]
