package dev.rosetta;

/**
 * A kernel back end and whether it can be used here.
 *
 * @param name as accepted by {@link ComparisonRequest#withBackend}
 * @param usable whether it works on this machine
 * @param chosen whether {@code auto} picks it
 * @param reason one sentence: what it runs on, or what is missing
 */
public record BackendStatus(String name, boolean usable, boolean chosen, String reason) {}
