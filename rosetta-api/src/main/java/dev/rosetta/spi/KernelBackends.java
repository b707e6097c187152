package dev.rosetta.spi;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;

/** The kernel back ends at hand, best first. Immutable and thread-safe. */
public final class KernelBackends {
  private final List<Candidate> candidates;

  /** A back end and whether it can be used here. */
  public record Candidate(KernelBackend backend, Availability availability) {

    public boolean usable() {
      return availability instanceof Availability.Usable;
    }
  }

  public KernelBackends(Iterable<KernelBackend> backends) {
    List<Candidate> all = new ArrayList<>();
    for (KernelBackend backend : backends) {
      all.add(new Candidate(backend, backend.availability()));
    }
    all.sort(
        Comparator.comparingInt((Candidate c) -> c.backend().priority())
            .reversed()
            .thenComparing(c -> c.backend().name()));
    candidates = List.copyOf(all);
  }

  /** Every back end that {@link ServiceLoader} finds. */
  public static KernelBackends load() {
    return new KernelBackends(ServiceLoader.load(KernelBackend.class));
  }

  /** All of them, best first, unusable ones included. */
  public List<Candidate> candidates() {
    return candidates;
  }

  /**
   * The back end called {@code name}, or the best usable one for {@code auto}.
   *
   * @throws IllegalArgumentException if there is no such back end or it cannot be used here; the
   *     message says why
   */
  public KernelBackend choose(String name) {
    if (name.equals("auto")) {
      return candidates.stream()
          .filter(Candidate::usable)
          .findFirst()
          .orElseThrow(
              () -> new IllegalArgumentException("no kernel back end can be used: " + reasons()))
          .backend();
    }
    for (Candidate candidate : candidates) {
      if (candidate.backend().name().equals(name)) {
        if (!candidate.usable()) {
          throw new IllegalArgumentException(
              "back end '" + name + "' cannot be used: " + candidate.availability().reason());
        }
        return candidate.backend();
      }
    }
    throw new IllegalArgumentException(
        "there is no back end '"
            + name
            + "'; known: auto, "
            + String.join(", ", candidates.stream().map(c -> c.backend().name()).toList()));
  }

  private String reasons() {
    return String.join(
        "; ",
        candidates.stream()
            .map(c -> c.backend().name() + ": " + c.availability().reason())
            .toList());
  }
}
