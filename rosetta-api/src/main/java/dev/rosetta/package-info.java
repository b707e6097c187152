/**
 * The front door: compare two models and read the report.
 *
 * <p>Start at {@link dev.rosetta.RosettaComparator}. A {@link dev.rosetta.ComparisonRequest} goes
 * in, an immutable {@link dev.rosetta.ComparisonReport} comes out; its one {@link
 * dev.rosetta.Verdict} decides text, JSON and exit code.
 */
@NullMarked
package dev.rosetta;

import org.jspecify.annotations.NullMarked;
