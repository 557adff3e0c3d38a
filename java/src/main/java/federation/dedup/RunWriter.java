package federation.dedup;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.UUID;

/** Writes a {@link Run}. Unless it is finished, nothing of it stays. */
final class RunWriter implements Closeable {
    private final int usedBits;
    private final ByteBuffer buffer = Run.buffer();
    private FileChannel file;
    private long size;
    private long latest = Long.MIN_VALUE;

    /**
     * @param folder where the file gets its space
     * @param usedBits leading bits that are the same in all fingerprints to come
     */
    RunWriter(Path folder, int usedBits) throws IOException {
        this.usedBits = usedBits;
        // deleted at once: the open file stays usable, and nothing is left behind by kill -9
        file = FileChannel.open(folder.resolve("fingerprints-" + UUID.randomUUID()), Set.of(
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.DELETE_ON_CLOSE));
    }

    /** Adds an entry, whose upper half is not below the one before, as a number without sign. */
    void add(long high, long low, long slice) throws IOException {
        if (!buffer.hasRemaining()) {
            write();
        }
        buffer.putLong(high).putLong(low).putLong(slice);
        latest = Math.max(latest, slice);
        size++;
    }

    private void write() throws IOException {
        buffer.flip();
        while (buffer.hasRemaining()) {
            file.write(buffer);
        }
        buffer.clear();
    }

    Run finish() throws IOException {
        write();
        Run run = new Run(file, size, latest, usedBits);
        file = null;
        return run;
    }

    @Override
    public void close() throws IOException {
        if (file != null) {
            file.close();
        }
    }
}
