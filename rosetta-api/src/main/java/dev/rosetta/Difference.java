package dev.rosetta;

/**
 * How two arrays of equal shape differ, element by element.
 *
 * @param maxDiff largest |a - b|; infinite if a non-finite value stands on one side only
 * @param meanDiff mean |a - b|
 * @param relL2 ||a - b|| / ||a||; 0 if both are zero, infinite if only a is
 * @param cosine cosine of the angle between a and b; 1 if both are zero
 * @param token position of {@code maxDiff}: row
 * @param index position of {@code maxDiff}: column
 * @param a side A's value there
 * @param b side B's value there
 */
public record Difference(
    double maxDiff,
    double meanDiff,
    double relL2,
    double cosine,
    int token,
    int index,
    float a,
    float b) {}
