"""What a person may write in a CashBox, as frozen types: the CRD is generated from them, and every default stands here once."""
