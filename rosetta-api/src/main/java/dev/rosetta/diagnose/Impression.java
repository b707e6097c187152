package dev.rosetta.diagnose;

/**
 * What a few thousand sampled positions show of two weights, before anything is read in full.
 *
 * @param agreeing share of the positions that differ by no more than noise
 * @param zeros share of the others at which the suspect is zero; 1 if there are none
 * @param residual share of the suspect's energy that a regression on the reference leaves, 0 to 1
 */
record Impression(double agreeing, double zeros, double residual) {

  /** Whether most of the weight may be as it should be, and something isolated is wrong. */
  boolean isMostlyRight() {
    return agreeing > 0.5;
  }

  /** Whether zeros stand where the two differ; a block that zeros begin in differs as a whole. */
  boolean isZeroWhereDifferent() {
    return zeros > 0.5;
  }

  /** Whether the values stand at their places, scaled, offset or rounded. */
  boolean isInPlace() {
    // Written so that what is not finite is looked at in full.
    return !(residual >= 0.5);
  }
}
