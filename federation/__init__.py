"""federation: many Kafka clusters, one clean stream, and the proof."""

__version__ = "0.1.0"
