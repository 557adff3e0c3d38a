"""Avro: schemas, strict bytes to values and back, framings, registries."""
