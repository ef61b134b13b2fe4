"""When something happens again and again."""

from caixa_operator.spec.rule import Rule

SCHEDULE = Rule(
    "self.matches('^(@(hourly|daily|weekly|monthly)|([0-9A-Za-z*/,-]+ ){4}[0-9A-Za-z*/,-]+)$')",
    "write a cron schedule of five fields, such as 17 * * * *, or @hourly",
)
