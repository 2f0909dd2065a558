import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** What each program says on standard output, one JSON object a line, and is told on standard input. */
final class Told {
  private static final CountDownLatch QUIET = new CountDownLatch(1);
  private static final CountDownLatch STOP = new CountDownLatch(1);

  private Told() {}

  /** Reads `quiet` (no more new work) and `stop`; the end of the input is `stop`, so that no orphan stays. */
  static void listen() {
    Thread reader =
        new Thread(
            () -> {
              try (BufferedReader in =
                  new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
                for (String line; (line = in.readLine()) != null && !line.equals("stop"); )
                  if (line.equals("quiet")) QUIET.countDown();
              } catch (Exception error) {
                error.printStackTrace();
              }
              QUIET.countDown();
              STOP.countDown();
            },
            "told");
    reader.setDaemon(true);
    reader.start();
  }

  static boolean quiet() {
    return QUIET.getCount() == 0;
  }

  static boolean stopped() {
    return STOP.getCount() == 0;
  }

  /** Values: numbers, booleans, strings, maps of these, and lists of strings. */
  static synchronized void say(Map<String, ?> document) {
    System.out.println(json(document));
    System.out.flush();
  }

  private static String json(Object value) {
    StringBuilder text = new StringBuilder();
    String between = "";
    if (value instanceof Map) {
      for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
        text.append(between).append(json(entry.getKey())).append(':').append(json(entry.getValue()));
        between = ",";
      }
      return "{" + text + "}";
    }
    if (value instanceof Iterable) {
      for (Object item : (Iterable<?>) value) {
        text.append(between).append(json(item));
        between = ",";
      }
      return "[" + text + "]";
    }
    if (value instanceof Number || value instanceof Boolean) return value.toString();
    for (char c : String.valueOf(value).toCharArray()) {
      if (c == '"' || c == '\\') text.append('\\').append(c);
      else if (c < 0x20) text.append(String.format("\\u%04x", (int) c));
      else text.append(c);
    }
    return "\"" + text + "\"";
  }
}
