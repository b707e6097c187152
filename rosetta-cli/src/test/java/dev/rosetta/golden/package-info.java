/** Whole passes over real files, held to activations that other programs recorded. */
package dev.rosetta.golden;
