"""fluxo: records entries and hands them over by its outbox."""
