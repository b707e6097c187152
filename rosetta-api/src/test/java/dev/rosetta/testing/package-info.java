/**
 * What the tests of every module share: where the shared data lies.
 *
 * <p>Packaged as rosetta-api's test jar; imports JUnit and nothing of Rosetta.
 */
@NullMarked
package dev.rosetta.testing;

import org.jspecify.annotations.NullMarked;
