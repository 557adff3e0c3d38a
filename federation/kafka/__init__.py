"""Kafka clusters seen through librdkafka: clients, facts, offsets, reading."""
