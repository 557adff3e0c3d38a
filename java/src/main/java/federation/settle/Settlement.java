package federation.settle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import federation.sink.Extent;
import federation.sink.TargetTransaction;
import federation.sink.TargetTransactionSerializer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.TreeSet;
import org.apache.flink.connector.kafka.sink.KafkaCommittable;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.kafka.common.TopicPartition;

/**
 * The steps by which transactions are settled, each one question and one answer as JSON. What to do is
 * decided by the one who asks ({@code federation/run/settle.py}).
 */
public final class Settlement {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Settlement() {}

    /**
     * Answers {@code {"do": STEP, "properties": {…}, …}}.
     *
     * @throws org.apache.kafka.common.KafkaException the cluster does not do it now
     */
    public static String answer(String question) throws IOException, InterruptedException {
        JsonNode asked = JSON.readTree(question);
        Properties properties = properties(asked.required("properties"));
        ObjectNode answer = JSON.createObjectNode();
        switch (asked.required("do").asText()) {
            case "pending" -> pending(asked, answer.putArray("transactions"));
            case "inspect" -> inspect(asked, properties, answer.putArray("findings"));
            case "rewrite" -> answer.put("written", rewrite(asked, properties));
            default -> coordinate(asked, properties, answer);
        }
        return JSON.writeValueAsString(answer);
    }

    private static void pending(JsonNode asked, ArrayNode out)
            throws IOException, InterruptedException {
        Path folder = Path.of(asked.required("folder").asText());
        for (RestorePoint.Pending each : RestorePoint.pending(folder, serializer())) {
            out.add(json(each.transaction()).put("checkpoint", each.checkpoint()));
        }
    }

    private static TargetTransactionSerializer serializer() {
        Properties nowhere = new Properties();
        nowhere.setProperty("bootstrap.servers", "none"); // the builder wants one; nobody is asked
        return new TargetTransactionSerializer(KafkaSink.<byte[]>builder()
                .setKafkaProducerConfig(nowhere)
                .setRecordSerializer((record, context, timestamp) -> null)
                .build()
                .getCommittableSerializer());
    }

    private static void inspect(JsonNode asked, Properties properties, ArrayNode out)
            throws InterruptedException {
        try (TransactionLog log = new TransactionLog(properties)) {
            for (TargetTransaction transaction : transactions(asked)) {
                ArrayNode findings = out.addArray();
                for (Finding one : log.inspect(transaction)) {
                    findings.addObject()
                            .put("fate", one.fate().name().toLowerCase(Locale.ROOT))
                            .put("found", one.found())
                            .put("copies", one.copies())
                            .put("start", one.start());
                }
            }
        }
    }

    private static long rewrite(JsonNode asked, Properties properties)
            throws InterruptedException {
        properties.setProperty("transactional.id", asked.required("id").asText());
        Properties reader = new Properties();
        reader.putAll(properties);
        reader.remove("transactional.id");
        try (TransactionLog log = new TransactionLog(reader)) {
            return new Rewrite(properties, log).write(transactions(asked));
        }
    }

    private static void coordinate(JsonNode asked, Properties properties, ObjectNode answer)
            throws InterruptedException {
        try (Coordinators coordinators = new Coordinators(properties)) {
            switch (asked.required("do").asText()) {
                case "open" -> coordinators.open(asked.required("prefix").asText())
                        .forEach(one -> answer.withArray("/open").add(json(one)));
                case "hanging" -> coordinators.hanging(texts(asked.required("topics")))
                        .forEach(one -> answer.withArray("/open").add(json(one)));
                case "commit" -> {
                    for (TargetTransaction one : transactions(asked)) {
                        answer.withArray("/refused").add(coordinators.commit(one.committable()));
                    }
                }
                case "abort" -> coordinators.abort(texts(asked.required("ids")));
                case "abort-hanging" -> coordinators.abortHanging(
                        asked.required("producer").asLong(), places(asked.required("partitions")));
                default -> throw new IllegalArgumentException(asked.required("do").asText());
            }
        }
    }

    private static ObjectNode json(TargetTransaction transaction) {
        KafkaCommittable inner = transaction.committable();
        ObjectNode node = JSON.createObjectNode()
                .put("id", inner.getTransactionalId())
                .put("producer", inner.getProducerId())
                .put("epoch", inner.getEpoch());
        for (Extent extent : transaction.extents()) {
            node.withArray("/extents").addObject()
                    .put("topic", extent.topic())
                    .put("partition", extent.partition())
                    .put("first", extent.first())
                    .put("last", extent.last())
                    .put("count", extent.count());
        }
        return node;
    }

    private static ObjectNode json(Coordinators.Open open) {
        ObjectNode node = JSON.createObjectNode()
                .put("id", open.id())
                .put("producer", open.producer())
                .put("epoch", open.epoch())
                .put("started", open.started())
                .put("timeout", open.timeout());
        TreeSet<String> names = new TreeSet<>();
        open.partitions().forEach(one -> names.add(one.toString()));
        names.forEach(node.withArray("/partitions")::add);
        return node;
    }

    private static List<TargetTransaction> transactions(JsonNode asked) {
        List<TargetTransaction> all = new ArrayList<>();
        for (JsonNode node : asked.required("transactions")) {
            List<Extent> extents = new ArrayList<>();
            for (JsonNode extent : node.required("extents")) {
                extents.add(new Extent(
                        extent.required("topic").asText(),
                        extent.required("partition").asInt(),
                        extent.required("first").asLong(),
                        extent.required("last").asLong(),
                        extent.required("count").asLong()));
            }
            all.add(new TargetTransaction(
                    new KafkaCommittable(
                            node.required("producer").asLong(),
                            (short) node.required("epoch").asInt(),
                            node.required("id").asText(),
                            null),
                    extents));
        }
        return all;
    }

    /** Partitions written as topic, minus, number. */
    private static List<TopicPartition> places(JsonNode names) {
        List<TopicPartition> all = new ArrayList<>();
        for (String name : texts(names)) {
            int minus = name.lastIndexOf('-');
            all.add(new TopicPartition(
                    name.substring(0, minus), Integer.parseInt(name.substring(minus + 1))));
        }
        return all;
    }

    private static List<String> texts(JsonNode nodes) {
        List<String> all = new ArrayList<>();
        nodes.forEach(node -> all.add(node.asText()));
        return all;
    }

    private static Properties properties(JsonNode node) {
        Properties properties = new Properties();
        node.properties().forEach(
                each -> properties.setProperty(each.getKey(), each.getValue().asText()));
        return properties;
    }
}
