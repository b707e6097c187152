package dev.rosetta.formats.convert;

import dev.rosetta.model.ElementType;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** The formats that can be written. */
public enum FileFormat {
  GGUF,
  APR,
  SAFETENSORS;

  /** The format of a file called {@code path}: by its extension, a directory for SafeTensors. */
  public static Optional<FileFormat> of(Path path) {
    String name = String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
    for (FileFormat format : values()) {
      if (name.endsWith("." + format.name().toLowerCase(Locale.ROOT))) {
        return Optional.of(format);
      }
    }
    return name.contains(".") ? Optional.empty() : Optional.of(SAFETENSORS);
  }

  /** Whether a file of this format can hold {@code type} as every reader understands it. */
  boolean holds(ElementType type) {
    return switch (this) {
      case GGUF ->
          switch (type) {
            case F32, F16, BF16, F64, I8, I16, I32, I64 -> true;
            default -> type.isQuantized() && !isAprender(type);
          };
      case APR ->
          switch (type) {
            case F32, F16, BF16, F64, I8, U8, I32, I64, Q4_K, Q6_K, APR_Q4 -> true;
            default -> false;
          };
      case SAFETENSORS -> !type.isQuantized();
    };
  }

  private static boolean isAprender(ElementType type) {
    return type == ElementType.APR_Q4 || type == ElementType.APR_Q8;
  }
}
