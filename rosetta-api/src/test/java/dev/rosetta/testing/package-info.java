/**
 * What the tests of every module share: where the shared data lies, and models held in memory.
 *
 * <p>Packaged as rosetta-api's test jar; imports JUnit, {@code model}, {@code spi} and nothing
 * else.
 */
@NullMarked
package dev.rosetta.testing;

import org.jspecify.annotations.NullMarked;
