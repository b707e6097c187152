package dev.rosetta.formats.gguf;

import dev.rosetta.model.Metadata;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A metadata value with its declared type.
 *
 * @param type the type
 * @param elementType type of the elements of an array, else null
 * @param value in the representation of {@link Metadata}; a list for an array
 */
public record GgufValue(ValueType type, @Nullable ValueType elementType, Object value) {

  /**
   * @throws IllegalArgumentException if {@code value} is not of the declared type or outside its
   *     range, or if arrays are nested
   */
  public GgufValue {
    if ((type == ValueType.ARRAY) != (elementType != null) || elementType == ValueType.ARRAY) {
      throw new IllegalArgumentException(type + " of " + elementType + " cannot be written");
    }
    if (elementType == null) {
      check(type, value);
    } else {
      List<Object> elements = List.copyOf((List<?>) value);
      for (Object element : elements) {
        check(elementType, element);
      }
      value = elements;
    }
  }

  public static GgufValue u32(long value) {
    return new GgufValue(ValueType.U32, null, value);
  }

  public static GgufValue f32(float value) {
    return new GgufValue(ValueType.F32, null, Double.parseDouble(Float.toString(value)));
  }

  public static GgufValue bool(boolean value) {
    return new GgufValue(ValueType.BOOL, null, value);
  }

  public static GgufValue string(String value) {
    return new GgufValue(ValueType.STRING, null, value);
  }

  public static GgufValue array(ValueType elementType, List<?> values) {
    return new GgufValue(ValueType.ARRAY, elementType, values);
  }

  /**
   * The value that a GGUF file states.
   *
   * @param metadata metadata in the words of GGUF, whose type names tell the declared types
   * @throws IllegalArgumentException if the key is absent or its value cannot be written
   */
  public static GgufValue copyOf(Metadata metadata, String key) {
    Object value =
        metadata.value(key).orElseThrow(() -> new IllegalArgumentException("no key " + key));
    String name = metadata.typeName(key);
    int bracket = name.indexOf('[');
    return bracket < 0
        ? new GgufValue(ValueType.byLabel(name), null, value)
        : array(ValueType.byLabel(name.substring(0, bracket)), (List<?>) value);
  }

  private static void check(ValueType type, Object value) {
    boolean fits =
        switch (type) {
          case U8 -> isWithin(value, 0, 0xff);
          case I8 -> isWithin(value, Byte.MIN_VALUE, Byte.MAX_VALUE);
          case U16 -> isWithin(value, 0, 0xffff);
          case I16 -> isWithin(value, Short.MIN_VALUE, Short.MAX_VALUE);
          case U32 -> isWithin(value, 0, 0xffff_ffffL);
          case I32 -> isWithin(value, Integer.MIN_VALUE, Integer.MAX_VALUE);
          case I64 -> value instanceof Long;
          case U64 ->
              isWithin(value, 0, Long.MAX_VALUE)
                  || value instanceof BigInteger big && big.signum() >= 0 && big.bitLength() <= 64;
          case F32, F64 -> value instanceof Double;
          case BOOL -> value instanceof Boolean;
          case STRING ->
              value instanceof String text && StandardCharsets.UTF_8.newEncoder().canEncode(text);
          case ARRAY -> false;
        };
    if (!fits) {
      throw new IllegalArgumentException(Objects.toString(value) + " is no " + type.label());
    }
  }

  private static boolean isWithin(Object value, long least, long greatest) {
    return value instanceof Long number && number >= least && number <= greatest;
  }
}
