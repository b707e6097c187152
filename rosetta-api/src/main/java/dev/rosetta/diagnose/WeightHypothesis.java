package dev.rosetta.diagnose;

import java.util.Optional;

/** A fault class that can be tested on the values of one weight. Stateless. */
@FunctionalInterface
interface WeightHypothesis {

  /** How the suspect came to differ from the reference, if this class explains it. */
  Optional<Explanation> test(Suspicion suspicion);
}
