"""What every part means by money, kinds of entry and days."""

import enum
from datetime import date, datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import msgspec

MAIOR_VALOR: Final = 2**53 - 1
"""The largest value of one entry, in minor units: integers up to it are exact for every JSON reader (RFC 7493, section 2.2)."""

MAIOR_SOMA: Final = 2**63 - 1
"""The largest sum that a BIGINT column holds, in minor units."""

MOEDA_PADRAO: Final = "BRL"
FUSO_PADRAO: Final = "America/Sao_Paulo"

# ISO 4217, list one (active codes of currencies; without funds, metals and test codes).
_ISO_4217: Final = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK
DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR
KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB
PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD
TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
MOEDAS: Final = frozenset(_ISO_4217.split())

# ISO 4217's exponents other than 2.
_CASAS: Final = {
    **dict.fromkeys(["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"], 0),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}


def casas_decimais(moeda: str) -> int:
    """Give how many decimal places the currency's minor unit has (ISO 4217)."""
    return _CASAS.get(moeda, 2)


Moeda = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$", description="ISO 4217")]


class Tipo(enum.StrEnum):
    """Which way the money goes; the value itself is always positive."""

    CREDITO = "credito"
    DEBITO = "debito"

    @property
    def oposto(self) -> "Tipo":
        """The kind that undoes this one."""
        return Tipo.DEBITO if self is Tipo.CREDITO else Tipo.CREDITO


def hoje(fuso: ZoneInfo, agora: datetime) -> date:
    """Give the business day of the instant `agora` (aware) in the merchant's zone, whatever offset the zone has at it."""
    return agora.astimezone(fuso).date()
