@NullMarked
package dev.rosetta.formats.packed;

import org.jspecify.annotations.NullMarked;
