package bench;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Copies topics byte by byte, each in a thread of its own: nothing that understands records can be
 * much faster. Arguments: target topic, then a consumer's properties file and a topic for each
 * source, the producer's properties file last.
 */
public final class CopyTopics {
    private CopyTopics() {}

    public static void main(String[] args) throws IOException {
        String target = args[0];
        Properties producing = read(args[args.length - 1]);
        for (int i = 1; i + 1 < args.length; i += 2) {
            Properties consuming = read(args[i]);
            String topic = args[i + 1];
            new Thread(() -> copy(consuming, topic, producing, target), topic).start();
        }
    }

    private static void copy(Properties consuming, String topic, Properties producing, String target) {
        ByteArrayDeserializer in = new ByteArrayDeserializer();
        ByteArraySerializer out = new ByteArraySerializer();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(consuming, in, in);
                KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(producing, out, out)) {
            consumer.subscribe(List.of(topic));
            while (true) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    producer.send(new ProducerRecord<>(target, null, record.key(), record.value()));
                }
            }
        }
    }

    private static Properties read(String file) throws IOException {
        Properties properties = new Properties();
        try (InputStream in = new FileInputStream(file)) {
            properties.load(in);
        }
        return properties;
    }
}
