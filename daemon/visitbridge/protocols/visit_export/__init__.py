"""A finished visit as other programs take it: the scheme's own export, a claim draft, FHIR, a table."""
