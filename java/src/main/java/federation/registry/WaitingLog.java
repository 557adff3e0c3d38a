package federation.registry;

import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs that a registry is waited for: when it begins to be, and then once a minute. */
final class WaitingLog implements SchemaCache.Waiting {
    private static final Logger LOG = LoggerFactory.getLogger(WaitingLog.class);
    private static final long PAUSE = TimeUnit.MINUTES.toNanos(1);

    private long last = System.nanoTime() - PAUSE;

    @Override
    public synchronized void on(String registry, String why) {
        long now = System.nanoTime();
        if (now - last >= PAUSE) {
            last = now;
            LOG.warn("waiting for the registry {}: {}", registry, why);
        }
    }
}
