package dev.rosetta.engine;

import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A fixed set of threads that work through numbered pieces of one job at a time. Pieces are handed
 * out one by one, so that a thread whose core is taken away holds up its current piece only.
 *
 * <p>The calling thread works too. One job at a time; {@link #close()} may be called from any
 * thread.
 */
final class Workers implements AutoCloseable {

  /** A job's work on one piece. Pieces run in any order and at the same time. */
  @FunctionalInterface
  interface Piece {
    void run(int index, Scratch scratch);
  }

  private static final class Job {
    final Piece piece;
    final int pieces;
    final AtomicInteger next = new AtomicInteger();
    volatile @Nullable Throwable failure;

    Job(Piece piece, int pieces) {
      this.piece = piece;
      this.pieces = pieces;
    }

    void fail(Throwable cause) {
      if (failure == null) {
        failure = cause;
      }
      next.set(pieces);
    }
  }

  private final Object lock = new Object();
  private final Scratch callerScratch = new Scratch();
  private final int threads;
  private @Nullable Job current;
  private int busy;
  private volatile boolean closed;

  /**
   * @param threads number of threads that work, the caller's included; at least 1
   */
  Workers(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be at least 1, is " + threads);
    }
    this.threads = threads;
    for (int i = 1; i < threads; i++) {
      Thread.ofPlatform().daemon().name("rosetta-engine-" + i).start(this::work);
    }
  }

  int threads() {
    return threads;
  }

  /**
   * Runs {@code piece} for every index below {@code pieces} and returns when all are done.
   *
   * @throws CancellationException if the calling thread is interrupted or the workers are closed;
   *     its interrupt status stays set
   */
  void run(int pieces, Piece piece) {
    Job job = new Job(piece, pieces);
    boolean shared = threads > 1 && pieces > 1;
    if (shared) {
      synchronized (lock) {
        if (current != null) {
          throw new IllegalStateException("a job is running");
        }
        current = job;
        lock.notifyAll();
      }
    }
    Thread caller = Thread.currentThread();
    drain(job, callerScratch, caller);
    if (shared) {
      awaitOthers();
    }
    Throwable failure = job.failure;
    switch (failure) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(failure);
    }
  }

  private void drain(Job job, Scratch scratch, @Nullable Thread caller) {
    try {
      int index;
      while ((index = job.next.getAndIncrement()) < job.pieces) {
        if (closed) {
          throw new CancellationException("the engine was closed");
        }
        if (caller != null && caller.isInterrupted()) {
          throw new CancellationException("interrupted");
        }
        job.piece.run(index, scratch);
      }
    } catch (Throwable e) {
      job.fail(e);
    }
  }

  private void awaitOthers() {
    boolean interrupted = false;
    synchronized (lock) {
      current = null;
      while (busy > 0) {
        try {
          lock.wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void work() {
    Scratch scratch = new Scratch();
    Job job = next(null);
    while (job != null) {
      drain(job, scratch, null);
      job = next(job);
    }
  }

  /** Leaves job {@code done} and waits for another; null when the workers are closed. */
  private @Nullable Job next(@Nullable Job done) {
    synchronized (lock) {
      if (done != null) {
        busy--;
        lock.notifyAll();
      }
      while (!closed) {
        Job job = current;
        if (job != null && job != done) {
          busy++;
          return job;
        }
        try {
          lock.wait();
        } catch (InterruptedException e) {
          return null;
        }
      }
      return null;
    }
  }

  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      lock.notifyAll();
    }
  }
}
