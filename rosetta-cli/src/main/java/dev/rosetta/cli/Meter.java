package dev.rosetta.cli;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** What a check reads before and after the work that it measures. */
interface Meter {

  /** A clock in nanoseconds. */
  long nanos();

  /**
   * Bytes that the calling thread has taken from the heap; always 0 where the JVM does not tell.
   */
  long allocated();

  /** That of this JVM. */
  static Meter ofProcess() {
    return ModuleLayer.boot().findModule("jdk.management").isPresent()
        ? new OfManagedJvm((ThreadMXBean) ManagementFactory.getThreadMXBean())
        : new OfPlainJvm();
  }

  /** Knows the time alone. */
  record OfPlainJvm() implements Meter {
    @Override
    public long nanos() {
      return System.nanoTime();
    }

    @Override
    public long allocated() {
      return 0;
    }
  }

  /** Asks the JVM's own management. */
  record OfManagedJvm(ThreadMXBean threads) implements Meter {
    @Override
    public long nanos() {
      return System.nanoTime();
    }

    @Override
    public long allocated() {
      return threads.getCurrentThreadAllocatedBytes();
    }
  }
}
