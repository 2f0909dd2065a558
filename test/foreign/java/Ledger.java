import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Who holds what, in a file that all contenders share. A holder that is connected keeps the file locked (fcntl), so a
 * second one is found by the kernel. Each entry has a counter, which a second writer would break.
 */
final class Ledger {
  private static final String ENTER = "enter";
  private static final String LEAVE = "leave";

  private final String name;
  private final FileChannel file;
  private final AtomicLong held = new AtomicLong();
  private final AtomicInteger violations = new AtomicInteger();
  private volatile String firstViolation = "";
  private FileLock lock;
  private long counter;
  private long token;

  Ledger(String name, Path path) throws IOException {
    this.name = name;
    file =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  /**
   * This process holds it now and is connected. `fence` is the number of its znode, or 0 for none: whoever comes later
   * has a greater one.
   */
  synchronized void enter(long fence) throws IOException {
    if (lock != null) return;
    lock = file.tryLock();
    if (lock == null) {
      violation("another connected holder has the ledger locked");
      return;
    }
    String[] last = lastEntry();
    long lastToken = Long.parseLong(last[3]);
    if (last[0].equals(ENTER) && last[1].equals(name)) violation("entered twice");
    if (fence < lastToken || (fence != 0 && fence == lastToken && !last[1].equals(name)))
      violation("number " + fence + " after " + lastToken + " of " + last[1]);
    counter = Long.parseLong(last[2]) + 1;
    token = fence;
    append(ENTER);
    held.incrementAndGet();
  }

  /** It gave it up, or is no longer sure to hold it. */
  synchronized void leave() {
    if (lock == null) return;
    try {
      String[] last = lastEntry();
      if (!last[0].equals(ENTER) || !last[1].equals(name) || Long.parseLong(last[2]) != counter)
        violation("while " + name + " held it, the ledger came to say " + String.join(" ", last));
      append(LEAVE);
      lock.release();
    } catch (IOException error) {
      violation(error.toString());
    }
    lock = null;
  }

  long held() {
    return held.get();
  }

  int violations() {
    return violations.get();
  }

  String firstViolation() {
    return firstViolation;
  }

  private void violation(String what) {
    if (violations.getAndIncrement() == 0) firstViolation = name + ": " + what;
  }

  /** Lines are padded to one length, so that the last one is found from the end. */
  private static final int LINE_BYTES = 80;

  private String[] lastEntry() throws IOException {
    long size = file.size();
    if (size == 0) return new String[] {LEAVE, "nobody", "0", "0"};
    ByteBuffer line = ByteBuffer.allocate(LINE_BYTES);
    while (line.hasRemaining())
      if (file.read(line, size - LINE_BYTES + line.position()) < 0) throw new IOException("torn");
    return new String(line.array(), StandardCharsets.UTF_8).trim().split(" ");
  }

  private void append(String what) throws IOException {
    String text = String.join(" ", what, name, String.valueOf(counter), String.valueOf(token));
    byte[] line = String.format("%-" + (LINE_BYTES - 1) + "s%n", text).getBytes(StandardCharsets.UTF_8);
    file.write(ByteBuffer.wrap(line), file.size());
  }
}
