package dev.rosetta.formats.convert;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A model's metadata by the words of its format, read as the type that is needed or refused; keeps
 * which keys were understood.
 */
final class StatedKeys {
  /** Keys about the file rather than the model; a new file has its own. */
  private static final Set<String> OF_THE_FILE =
      Set.of(
          "general.alignment",
          "general.file_type",
          "general.quantization_version",
          "tensor_shapes",
          "total_size",
          "param_count",
          "quantization",
          "original_format",
          "tokenizer.vocab_size",
          "hidden_act",
          "use_sliding_window",
          "format",
          "rope_type",
          "__metadata__.format");

  static final int MAX_SIZE = 1 << 26;

  private final ModelSource source;
  private final Metadata metadata;
  private final Set<String> understood = new HashSet<>();
  private String prefix = "";

  StatedKeys(ModelSource source) {
    this.source = source;
    this.metadata = source.metadata();
  }

  /** Sets what GGUF's keys about the model begin with. */
  void setArchitecture(String architecture) {
    prefix = architecture + ".";
  }

  /** Keys that were not understood, in file order. */
  List<String> leftOver() {
    List<String> left = new ArrayList<>();
    for (String key : metadata.keys()) {
      boolean known =
          understood.contains(key)
              || OF_THE_FILE.contains(key)
              || key.startsWith("tokenizer.")
              || key.startsWith("split.")
              || key.startsWith("model.")
              || key.equals("chat_template")
              || key.equals("bos_token_id")
              || key.equals("eos_token_id")
              || key.equals("pad_token_id");
      if (!known && metadata.value(key).isPresent()) {
        left.add(key);
      }
    }
    return left;
  }

  @Nullable String text(List<String> keys) {
    for (String key : keys) {
      if (metadata.value(key).orElse(null) instanceof String text) {
        understood.add(key);
        return text;
      }
    }
    return null;
  }

  boolean flag(String... keys) {
    Object stated = value("", List.of(keys));
    if (stated != null && !(stated instanceof Boolean)) {
      throw wrong(keys[0], stated, "true or false");
    }
    return Boolean.TRUE.equals(stated);
  }

  /** A number that may be absent or 0, which mean the same. */
  long count(String gguf, List<String> others) {
    return count(others.isEmpty() ? gguf : others.getFirst(), value(gguf, others));
  }

  long count(String what, @Nullable Object stated) {
    if (stated == null) {
      return 0;
    }
    if (stated instanceof Long number && number >= 0 && number <= Integer.MAX_VALUE) {
      return number;
    }
    throw wrong(what, stated, "a number from 0 to 2^31 - 1");
  }

  ModelException wrong(String what, Object stated, String expected) {
    return new ModelException(
        ErrorCode.MALFORMED, source.path(), what + " is " + stated + " instead of " + expected);
  }

  double positive(String what, Object stated) {
    double value = stated instanceof Number number ? number.doubleValue() : Double.NaN;
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          source.path(),
          "the " + what + " is " + stated + "; a positive number is needed");
    }
    return value;
  }

  int size(String gguf, List<String> others, IntSupplier derived) {
    Object stated = value(gguf, others);
    if (stated instanceof Long number && number > 0 && number <= MAX_SIZE) {
      return number.intValue();
    }
    int size = stated == null ? derived.getAsInt() : 0;
    if (size < 1) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          source.path(),
          (source.dialect() == MetadataDialect.GGUF ? prefix + gguf : others.getFirst())
              + " is "
              + stated
              + "; a positive number is needed");
    }
    return size;
  }

  @Nullable Object value(String gguf, List<String> others) {
    return source.dialect() == MetadataDialect.GGUF ? first(List.of(prefix + gguf)) : first(others);
  }

  @Nullable Object first(List<String> keys) {
    Object found = null;
    for (String key : keys) {
      Object value = metadata.value(key).orElse(null);
      if (value != null) {
        understood.add(key);
        found = found == null ? value : found;
      }
    }
    return found;
  }
}
