package federation.process;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;

/**
 * Runs another main class in a process that ends with its parent, however that dies: standard input
 * is a pipe from the parent, and its end is the parent's. Flink's own processes would live on.
 */
public final class Tether {
    private static final int PARENT_GONE = 70;

    private Tether() {}

    /**
     * @param arguments the main class, and what it takes
     * @throws Exception whatever that class throws, or that it is not there
     */
    public static void main(String[] arguments) throws Exception {
        var tether = new Thread(Tether::hold, "tether to the parent");
        tether.setDaemon(true);
        tether.start();
        var own = Arrays.copyOfRange(arguments, 1, arguments.length);
        try {
            Class.forName(arguments[0]).getMethod("main", String[].class).invoke(null, (Object) own);
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause() instanceof Exception cause ? cause : thrown;
        }
    }

    /** Ends at once, without hooks: what a savepoint needs is asked for, not left to chance. */
    private static void hold() {
        try {
            while (System.in.read() >= 0) {
                // nothing is ever sent
            }
        } catch (IOException broken) {
            // as good as an end
        }
        Runtime.getRuntime().halt(PARENT_GONE);
    }
}
