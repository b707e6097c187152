package dev.rosetta.normalize;

import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;

/**
 * Names that a tool put around a checkpoint's own: the modules of a wrapper, whose state dict
 * spells them out in front of every tensor. The tensor is the same without them.
 */
final class WrappedNames {
  /** Modules around the whole decoder, a longer one before its own beginning. */
  private static final List<String> AROUND =
      List.of(
          "base_model.model.", // PEFT
          "base_model.",
          "model.language_model.", // a model of several parts, from transformers 4.52 on
          "language_model.model.", // and before
          "language_model.",
          "model.text_model.",
          "transformer.",
          "module."); // data-parallel training

  /** Modules around any module of it: torch.compile, FSDP, activation checkpointing. */
  private static final List<String> WITHIN =
      List.of("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.");

  /** Wrappers in a wrapper that are looked through; a file may repeat one without end. */
  private static final int MOST = 8;

  private WrappedNames() {}

  /**
   * A name without one more wrapper.
   *
   * @param rest the name that is left
   * @param wrapper what was taken away
   */
  record Unwrapped(String rest, String wrapper) {}

  /** Takes the wrappers within away, all at once; empty if there are none. */
  static Optional<Unwrapped> within(String name) {
    String rest = name;
    StringJoiner removed = new StringJoiner(" ");
    for (String wrapper : WITHIN) {
      String without = withoutSegments(rest, wrapper);
      if (without.length() < rest.length()) {
        rest = without;
        removed.add(wrapper);
      }
    }
    return removed.length() == 0
        ? Optional.empty()
        : Optional.of(new Unwrapped(rest, removed.toString()));
  }

  /** Takes the outermost wrapper away; empty if the name begins with none. */
  static Optional<Unwrapped> outermost(String name) {
    for (String wrapper : AROUND) {
      if (name.startsWith(wrapper)) {
        return Optional.of(new Unwrapped(name.substring(wrapper.length()), wrapper));
      }
    }
    return Optional.empty();
  }

  /** How many wrappers are taken away, one after the other. */
  static int most() {
    return MOST;
  }

  /**
   * {@code segment}, which ends in a dot, counts only where it begins the name or follows a dot.
   */
  private static String withoutSegments(String name, String segment) {
    int at = name.indexOf(segment);
    if (at < 0) {
      return name;
    }
    StringBuilder rest = new StringBuilder(name.length());
    int copied = 0;
    for (; at >= 0; at = name.indexOf(segment, at + segment.length())) {
      if (at == 0 || name.charAt(at - 1) == '.') {
        rest.append(name, copied, at);
        copied = at + segment.length();
      }
    }
    return rest.append(name, copied, name.length()).toString();
  }
}
