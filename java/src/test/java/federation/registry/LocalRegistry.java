package federation.registry;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** A schema registry of this process, over real HTTP, that can be told to misbehave. */
public final class LocalRegistry implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    static {
        System.setProperty("sun.net.httpserver.nodelay", "true"); // else 40 ms for each answer
    }

    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final HttpServer server;
    private final String base = "/r" + NUMBER.incrementAndGet(); // a port may be used again
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Map<String, String> answers = Collections.synchronizedMap(new HashMap<>());
    private final Map<String, Script> scripted = Collections.synchronizedMap(new HashMap<>());
    private volatile boolean bare;
    private final Queue<Script> scripts = new ArrayDeque<>();
    private final List<String> asked = Collections.synchronizedList(new ArrayList<>());
    private final List<String> authorizations = Collections.synchronizedList(new ArrayList<>());

    /** What is done instead of answering. */
    public interface Script {
        void handle(HttpExchange exchange) throws IOException;
    }

    public LocalRegistry() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
        answers.put("/subjects", "[]");
    }

    /** The address; its path is this registry's own. */
    public String url() {
        return "http://" + server.getAddress().getHostString() + ":" + server.getAddress().getPort()
                + base;
    }

    /** Registers a schema under an id. */
    public LocalRegistry with(int id, String schema) {
        return answers("/schemas/ids/" + id, JSON.createObjectNode().put("schema", schema));
    }

    /** Gives this answer to this path, with status 200. */
    public LocalRegistry answers(String path, ObjectNode answer) {
        return text(path, answer.toString());
    }

    /** Gives this text to this path, with status 200. */
    public LocalRegistry text(String path, String answer) {
        answers.put(path, answer);
        return this;
    }

    /** This path is always answered by the script. */
    public LocalRegistry script(String path, Script script) {
        scripted.put(path, script);
        return this;
    }

    /** An empty 404 for every path that is not told otherwise, this one too. */
    public LocalRegistry without(String path) {
        answers.remove(path);
        bare = true;
        return this;
    }

    /** The next question is answered by the script; several wait for their turns. */
    public synchronized LocalRegistry first(Script script) {
        scripts.add(script);
        return this;
    }

    /** An answer of this status and body. */
    public static Script status(int status, String body) {
        return exchange -> send(exchange, status, body);
    }

    /** Paths that were asked for, in order. */
    public List<String> asked() {
        return List.copyOf(asked);
    }

    /** Authorization headers that came, in order; "none" where one was absent. */
    public List<String> authorizations() {
        return List.copyOf(authorizations);
    }

    private synchronized Script script() {
        return scripts.poll();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getRawPath().replaceFirst("^" + base, "");
            asked.add(path);
            String authorization = exchange.getRequestHeaders().getFirst("Authorization");
            authorizations.add(authorization == null ? "none" : authorization);
            Script script = script();
            String answer = answers.get(path);
            if (script == null) {
                script = scripted.get(path);
            }
            if (script != null) {
                script.handle(exchange);
            } else if (answer != null) {
                send(exchange, 200, answer);
            } else if (bare) {
                send(exchange, 404, "");
            } else {
                send(exchange, 404, "{\"error_code\":40403,\"message\":\"Schema not found\"}");
            }
        }
    }

    private static void send(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
