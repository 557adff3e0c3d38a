package federation.tools;

import federation.settle.Settlement;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.KafkaException;

/** One question of {@link Settlement} from stdin, its answer on stdout; or why not, as stderr's last line. */
public final class Transactions {
    private Transactions() {}

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err); // whatever else prints is no answer
        try {
            answers.println(Settlement.answer(
                    new String(System.in.readAllBytes(), StandardCharsets.UTF_8)));
        } catch (KafkaException | IOException failed) {
            System.err.println(failed.toString().replace('\n', ' '));
            System.exit(1);
        }
    }
}
