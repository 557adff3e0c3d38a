package federation.kafka;

/** Offsets of a partition that are gone before they were read, first and last. */
public record Gap(String topic, int partition, long first, long last) {}
