package dev.rosetta.spi;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;

/**
 * The kernel back ends at hand, best first. Whether one can be used is asked when it is considered,
 * so that choosing the best loads nothing of the others. Immutable and thread-safe.
 */
public final class KernelBackends {
  private final List<KernelBackend> backends;

  /** A back end and whether it can be used here. */
  public record Candidate(KernelBackend backend, Availability availability) {

    public boolean usable() {
      return availability instanceof Availability.Usable;
    }
  }

  public KernelBackends(Iterable<KernelBackend> backends) {
    List<KernelBackend> all = new ArrayList<>();
    backends.forEach(all::add);
    all.sort(
        Comparator.comparingInt(KernelBackend::priority)
            .reversed()
            .thenComparing(KernelBackend::name));
    this.backends = List.copyOf(all);
  }

  /** Every back end that {@link ServiceLoader} finds. */
  public static KernelBackends load() {
    return new KernelBackends(ServiceLoader.load(KernelBackend.class));
  }

  /** All of them, best first, unusable ones included. */
  public List<Candidate> candidates() {
    return backends.stream().map(b -> new Candidate(b, b.availability())).toList();
  }

  /**
   * The back end called {@code name}, or the best usable one for {@code auto}.
   *
   * @throws IllegalArgumentException if there is no such back end or it cannot be used here; the
   *     message says why
   */
  public KernelBackend choose(String name) {
    for (KernelBackend backend : backends) {
      if (name.equals("auto")) {
        if (backend.availability() instanceof Availability.Usable) {
          return backend;
        }
      } else if (backend.name().equals(name)) {
        if (backend.availability() instanceof Availability.Unusable(String reason)) {
          throw new IllegalArgumentException(
              "back end '" + name + "' cannot be used: " + reason + "; others: " + namesBut(name));
        }
        return backend;
      }
    }
    if (name.equals("auto")) {
      throw new IllegalArgumentException("no kernel back end can be used: " + reasons());
    }
    throw new IllegalArgumentException(
        "there is no back end '" + name + "'; known: auto, " + namesBut(name));
  }

  private String namesBut(String name) {
    return String.join(
        ", ",
        backends.stream().map(KernelBackend::name).filter(other -> !other.equals(name)).toList());
  }

  private String reasons() {
    return String.join(
        "; ", backends.stream().map(b -> b.name() + ": " + b.availability().reason()).toList());
  }
}
