import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.cache.ChildData;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryForever;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;

/**
 * One of several contenders. Arguments: connection string, own name, session timeout in ms, directory of the shared
 * ledgers. Leads by a LeaderLatch and holds an InterProcessMutex now and then, keeps a PersistentNode, and changes a
 * tree that a CuratorCache follows. After `quiet` it changes nothing more, and says what its cache holds.
 */
public final class CuratorWorkload {
  private static final String ROOT = "/curator";
  private static final int CONNECTION_TIMEOUT_MS = 15_000;
  private static final int RETRY_MS = 200;
  private static final int NODES = 20;
  private static final int MAX_PROBLEMS = 20;
  private static final long HOLD_MS = 40;
  private static final long CHANGE_EVERY_MS = 25;

  private final String name;
  private final CuratorFramework client;
  private final Ledger latchLedger;
  private final Ledger mutexLedger;
  private final AtomicInteger suspended = new AtomicInteger();
  private final AtomicInteger lost = new AtomicInteger();
  private final AtomicLong changes = new AtomicLong();
  private final List<String> problems = new CopyOnWriteArrayList<>();
  private final CuratorCache cache;
  private volatile boolean connected = true;

  private CuratorWorkload(String[] args) throws Exception {
    name = args[1];
    latchLedger = new Ledger(name, Path.of(args[3], "latch.ledger"));
    mutexLedger = new Ledger(name, Path.of(args[3], "mutex.ledger"));
    client =
        CuratorFrameworkFactory.builder()
            .connectString(args[0])
            .sessionTimeoutMs(Integer.parseInt(args[2]))
            .connectionTimeoutMs(CONNECTION_TIMEOUT_MS)
            .retryPolicy(new RetryForever(RETRY_MS))
            .build();
    client.getConnectionStateListenable().addListener((ignored, state) -> changed(state));
    client.start();
    client.createContainers(ROOT + "/tree");
    cache = CuratorCache.build(client, ROOT + "/tree");
  }

  public static void main(String[] args) throws Exception {
    Told.listen();
    new CuratorWorkload(args).run();
  }

  /** Whoever is not sure to be connected holds nothing: it says so before anybody else can come to hold it. */
  private void changed(ConnectionState state) {
    connected = state.isConnected();
    if (!connected) {
      latchLedger.leave();
      mutexLedger.leave();
    }
    if (state == ConnectionState.SUSPENDED) suspended.incrementAndGet();
    if (state == ConnectionState.LOST) lost.incrementAndGet();
  }

  private void run() throws Exception {
    byte[] own = ("kept by " + name).getBytes(StandardCharsets.UTF_8);
    PersistentNode node =
        new PersistentNode(client, CreateMode.EPHEMERAL, false, ROOT + "/nodes/" + name, own, true);
    node.start();
    if (!node.waitForInitialCreate(60, TimeUnit.SECONDS)) problem("no PersistentNode within 60 s");
    cache.start();
    List<Thread> working =
        List.of(
            start("latch", this::leadOnce),
            start("mutex", this::holdOnce),
            start("tree", this::changeOnce));
    while (!Told.stopped()) {
      boolean idle = working.stream().noneMatch(Thread::isAlive);
      tell(idle);
      Thread.sleep(250);
    }
    node.close();
    cache.close();
    client.close();
    System.exit(0);
  }

  private interface Work {
    void run() throws Exception;
  }

  /** Repeats the work until told to be quiet. Lost connections are what this is about; all else is a problem. */
  private Thread start(String what, Work work) {
    Thread thread =
        new Thread(
            () -> {
              while (!Told.quiet()) {
                try {
                  work.run();
                } catch (KeeperException.ConnectionLossException
                    | KeeperException.SessionExpiredException error) {
                  // Tried again.
                } catch (Throwable error) {
                  error.printStackTrace();
                  problem(what + ": " + error);
                }
              }
            },
            what);
    thread.start();
    return thread;
  }

  private void problem(String what) {
    if (problems.size() < MAX_PROBLEMS) problems.add(what);
  }

  private void leadOnce() throws Exception {
    try (LeaderLatch latch = new LeaderLatch(client, ROOT + "/latch", name)) {
      latch.start();
      while (!latch.await(200, TimeUnit.MILLISECONDS)) if (Told.quiet()) return;
      String path = latch.getOurPath();
      long number = path == null ? -1 : Long.parseLong(path.substring(path.length() - 10));
      enter(latchLedger, latch::hasLeadership, number);
      Thread.sleep(HOLD_MS);
      latchLedger.leave();
    }
  }

  private void holdOnce() throws Exception {
    InterProcessMutex mutex = new InterProcessMutex(client, ROOT + "/mutex");
    if (!mutex.acquire(500, TimeUnit.MILLISECONDS)) return;
    try {
      enter(mutexLedger, mutex::isAcquiredInThisProcess, 0);
      Thread.sleep(HOLD_MS);
    } finally {
      mutexLedger.leave();
      mutex.release();
    }
  }

  private interface Belief {
    boolean holds();
  }

  private void enter(Ledger ledger, Belief belief, long number) throws Exception {
    synchronized (ledger) {
      if (connected && belief.holds() && number >= 0) ledger.enter(number);
    }
    // The connection may have gone between the look and the entry.
    if (!connected) ledger.leave();
  }

  private void changeOnce() throws Exception {
    String path = ROOT + "/tree/" + name + "-" + ThreadLocalRandom.current().nextInt(NODES);
    byte[] data = (name + " " + changes.get()).getBytes(StandardCharsets.UTF_8);
    try {
      if (ThreadLocalRandom.current().nextInt(4) == 0) client.delete().forPath(path);
      else client.create().orSetData().forPath(path, data);
    } catch (KeeperException.NoNodeException | KeeperException.NodeExistsException error) {
      // An answer that was lost, or a node that was not there.
    }
    changes.incrementAndGet();
    Thread.sleep(CHANGE_EVERY_MS);
  }

  private void tell(boolean quiet) throws Exception {
    Map<String, Object> document = new TreeMap<>();
    document.put("name", name);
    document.put("session", "0x" + Long.toHexString(client.getZookeeperClient().getZooKeeper().getSessionId()));
    document.put("led", latchLedger.held());
    document.put("held", mutexLedger.held());
    document.put("changes", changes.get());
    document.put("suspended", suspended.get());
    document.put("lost", lost.get());
    document.put("violations", latchLedger.violations() + mutexLedger.violations());
    document.put("firstViolation", latchLedger.firstViolation() + mutexLedger.firstViolation());
    document.put("problems", problems);
    document.put("quiet", quiet);
    if (quiet) document.put("cache", cached());
    Told.say(document);
  }

  /** By path: version and data. */
  private Map<String, String> cached() {
    Map<String, String> seen = new TreeMap<>();
    cache.stream()
        .filter(node -> !node.getPath().equals(ROOT + "/tree"))
        .forEach((ChildData node) -> seen.put(node.getPath(), node.getStat().getVersion() + " " + new String(node.getData(), StandardCharsets.UTF_8)));
    return seen;
  }
}
