import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.IntegerDeserializer;
import org.apache.kafka.common.serialization.IntegerSerializer;

/**
 * Kafka's own producer and consumer on a topic of one partition, and topics made beside them: a record needs no
 * ZooKeeper, a topic does. Arguments: bootstrap servers, topic. After `quiet` the producer flushes and the consumer
 * reads to the end; what is lost, read twice or out of order is counted by record number.
 */
public final class KafkaLoad {
  private static final int MAX_RECORDS = 1_000_000;
  private static final long RECORD_EVERY_MS = 5;
  private static final long TOPIC_EVERY_MS = 1_000;
  private static final int DELIVERY_TIMEOUT_MS = 300_000;
  private static final int MAX_PROBLEMS = 20;

  private final String bootstrap;
  private final String topic;
  private final BitSet acked = new BitSet();
  private final BitSet read = new BitSet();
  private final Set<String> made = new TreeSet<>();
  private final List<String> problems = new java.util.concurrent.CopyOnWriteArrayList<>();
  private final AtomicLong duplicates = new AtomicLong();
  private final AtomicLong outOfOrder = new AtomicLong();
  private volatile boolean flushed;
  private volatile long ackedTo = -1;
  private volatile boolean listed;

  private KafkaLoad(String bootstrap, String topic) {
    this.bootstrap = bootstrap;
    this.topic = topic;
  }

  public static void main(String[] args) throws Exception {
    Told.listen();
    new KafkaLoad(args[0], args[1]).run();
  }

  private void run() throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      make(admin, topic);
      Thread producer = start("producer", this::produce);
      Thread consumer = start("consumer", this::consume);
      Thread topics = start("topics", () -> makeTopics(admin));
      while (consumer.isAlive() || producer.isAlive() || topics.isAlive()) {
        tell(false);
        consumer.join(250);
        if (Told.stopped()) System.exit(0);
      }
    }
    tell(true);
    System.exit(0);
  }

  private interface Work {
    void run() throws Exception;
  }

  private Thread start(String name, Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (Throwable error) {
                error.printStackTrace();
                problem(name + ": " + error);
                flushed = true;
              }
            },
            name);
    thread.start();
    return thread;
  }

  private void problem(String what) {
    if (problems.size() < MAX_PROBLEMS) problems.add(what);
  }

  private void produce() throws Exception {
    Map<String, Object> settings =
        Map.of(
            "bootstrap.servers", bootstrap,
            "acks", "all",
            "enable.idempotence", true,
            "retries", Integer.MAX_VALUE,
            "delivery.timeout.ms", DELIVERY_TIMEOUT_MS,
            "linger.ms", 0);
    try (KafkaProducer<Integer, byte[]> producer =
        new KafkaProducer<>(
            settings,
            new IntegerSerializer(),
            new org.apache.kafka.common.serialization.ByteArraySerializer())) {
      for (int number = 0; !Told.quiet() && number < MAX_RECORDS; number++) {
        int sent = number;
        producer.send(
            new ProducerRecord<>(topic, 0, sent, new byte[64]),
            (metadata, error) -> {
              if (error != null) {
                problem("record " + sent + " was given up: " + error);
                return;
              }
              synchronized (acked) {
                acked.set(sent);
              }
              ackedTo = metadata.offset();
            });
        Thread.sleep(RECORD_EVERY_MS);
      }
      producer.flush();
    }
    flushed = true;
  }

  private void consume() {
    Map<String, Object> settings =
        Map.of(
            "bootstrap.servers", bootstrap,
            "group.id", "zkferry",
            "auto.offset.reset", "earliest");
    TopicPartition partition = new TopicPartition(topic, 0);
    try (KafkaConsumer<Integer, byte[]> consumer =
        new KafkaConsumer<>(
            settings,
            new IntegerDeserializer(),
            new org.apache.kafka.common.serialization.ByteArrayDeserializer())) {
      consumer.subscribe(List.of(topic));
      int last = -1;
      long next = 0;
      while (!flushed || next <= ackedTo) {
        for (ConsumerRecord<Integer, byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          int number = record.key();
          synchronized (read) {
            if (read.get(number)) duplicates.incrementAndGet();
            else if (number < last) outOfOrder.incrementAndGet();
            read.set(number);
          }
          last = Math.max(last, number);
          next = record.offset() + 1;
        }
        if (Told.stopped()) return;
      }
      consumer.commitSync();
      if (consumer.position(partition) <= ackedTo) problem("the consumer ended before the end");
    }
  }

  private void makeTopics(Admin admin) throws Exception {
    for (int number = 0; !Told.quiet(); number++) {
      String name = topic + "-beside-" + number;
      make(admin, name);
      synchronized (made) {
        made.add(name);
      }
      Thread.sleep(TOPIC_EVERY_MS);
    }
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
    Set<String> missing = new TreeSet<>(made);
    while (!missing.isEmpty() && System.nanoTime() < deadline) {
      missing.removeAll(admin.listTopics().names().get());
    }
    if (!missing.isEmpty()) problem("topics that were made are gone: " + missing);
    listed = true;
  }

  /** Tries again for as long as a record would: an answer may be lost with its topic made. */
  private void make(Admin admin, String name) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(DELIVERY_TIMEOUT_MS);
    for (; ; ) {
      try {
        admin.createTopics(List.of(new NewTopic(name, 1, (short) 1))).all().get();
        return;
      } catch (ExecutionException error) {
        if (error.getCause() instanceof TopicExistsException) return;
        if (System.nanoTime() > deadline || Told.stopped()) throw error;
        Thread.sleep(100);
      }
    }
  }

  private void tell(boolean done) {
    Map<String, Object> document = new TreeMap<>();
    BitSet lost;
    synchronized (acked) {
      lost = (BitSet) acked.clone();
    }
    document.put("acked", lost.cardinality());
    synchronized (read) {
      document.put("read", read.cardinality());
      lost.andNot(read);
    }
    synchronized (made) {
      document.put("topics", made.size());
    }
    if (done) {
      document.put("lost", lost.cardinality());
      if (!listed) problem("the topics were not listed");
    }
    document.put("duplicates", duplicates.get());
    document.put("outOfOrder", outOfOrder.get());
    document.put("problems", problems);
    document.put("done", done);
    Told.say(document);
  }
}
