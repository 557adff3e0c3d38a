package federation.kafka;

import java.io.Serializable;
import java.util.List;
import java.util.regex.Pattern;

/** The topics that a source reads: by name, or all whose whole name matches a pattern. */
public final class Subscription implements Serializable {
    private static final long serialVersionUID = 1L;
    private final List<String> names;
    private final Pattern pattern;

    private Subscription(List<String> names, Pattern pattern) {
        this.names = names;
        this.pattern = pattern;
    }

    public static Subscription topics(List<String> names) {
        return new Subscription(List.copyOf(names), null);
    }

    public static Subscription pattern(String regex) {
        return new Subscription(null, Pattern.compile(regex));
    }

    /** The names, or null where only the cluster can tell. */
    List<String> names() {
        return names;
    }

    boolean matches(String topic) {
        return pattern.matcher(topic).matches();
    }
}
