/**
 * The {@code rosetta} command: parses arguments, calls {@code dev.rosetta}, renders and exits.
 *
 * <p>Arguments flow in; a report on standard output, a log on standard error and an exit code flow
 * out. Nothing is computed or judged here. {@link dev.rosetta.cli.Rosetta} is the entry.
 */
@NullMarked
package dev.rosetta.cli;

import org.jspecify.annotations.NullMarked;
