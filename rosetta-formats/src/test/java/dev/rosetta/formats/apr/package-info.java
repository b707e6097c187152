@NullMarked
package dev.rosetta.formats.apr;

import org.jspecify.annotations.NullMarked;
