package dev.rosetta.formats.packed;

import dev.rosetta.formats.json.BoundedJson;
import dev.rosetta.formats.packed.PackedWeight.Formula;
import dev.rosetta.formats.quant.F32Codec;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * bitsandbytes' four-bit types: {@code weight} holds two codes a byte, whatever type it is stored
 * as, {@code weight.quant_map} what each of the 16 stands for, {@code weight.absmax} the largest
 * magnitude of each block. Magnitudes may be codes of {@code weight.nested_quant_map} themselves,
 * scaled by {@code weight.nested_absmax}. A JSON text in {@code
 * weight.quant_state.bitsandbytes__nf4} (or {@code fp4}) has the shape and the sizes of the blocks.
 */
final class BitsAndBytes {
  static final List<String> STATES =
      List.of(".quant_state.bitsandbytes__nf4", ".quant_state.bitsandbytes__fp4");

  private static final int MAX_STATE_BYTES = 1 << 16;

  private BitsAndBytes() {}

  /** {@code state} is the tensor with the JSON text that belongs to {@code codes}. */
  static PackedWeight read(Part codes, Part state, Parts parts) {
    String name = codes.name();
    if (state.tensor().byteSize() > MAX_STATE_BYTES) {
      throw state.error(
          ErrorCode.LIMIT_EXCEEDED, "should be a short text; at most 65536 bytes are read");
    }
    State values =
        new State(
            state,
            BoundedJson.parseObject(state.readAll(), state.file().path(), state.tensor().offset()));
    List<Long> dims = values.shape();
    long elements = 1;
    try {
      for (long dim : dims) {
        elements = Math.multiplyExact(elements, dim);
      }
    } catch (ArithmeticException e) {
      throw state.error(ErrorCode.LIMIT_EXCEEDED, "says that the shape is " + dims);
    }
    if (Math.ceilDiv(elements, 2L) != codes.tensor().byteSize()) {
      throw codes.error(
          ErrorCode.SHAPE_MISMATCH, "does not hold the codes of " + dims + ", two in a byte");
    }
    int blockSize = values.size("blocksize");
    long blocks = Math.ceilDiv(elements, (long) blockSize);
    Part map = parts.require(name + ".quant_map", codes);
    Part absmax = parts.require(name + ".absmax", codes);
    absmax.requireDims(List.of(blocks), "there are blocks of " + blockSize + " elements");
    FlatScales.Nested nested = nested(name, codes, blocks, values, parts);
    PackedIntegers.requireType(absmax, nested == null ? ElementType.F32 : ElementType.U8);
    return new PackedWeight(
        name,
        dims,
        codes,
        "bitsandbytes "
            + (state.name().endsWith("nf4") ? "NF4" : "FP4")
            + " with blocks of "
            + blockSize
            + (nested == null ? "" : ", quantised twice"),
        Formula.SCALED,
        new FlatNibbles(codes, dims.getLast()),
        Levels.of(table(map, 16), false),
        new FlatScales(StoredLines.of(absmax, blocks), blockSize, dims.getLast(), nested));
  }

  private static FlatScales.@Nullable Nested nested(
      String name, Part codes, long blocks, State state, Parts parts) {
    Part absmax = parts.take(name + ".nested_absmax");
    Part map = parts.take(name + ".nested_quant_map");
    if (absmax == null && map == null && !state.isNested()) {
      return null;
    }
    absmax = parts.require(name + ".nested_absmax", codes);
    map = parts.require(name + ".nested_quant_map", codes);
    int blockSize = state.size("nested_blocksize");
    long count = Math.ceilDiv(blocks, (long) blockSize);
    PackedIntegers.requireType(absmax, ElementType.F32);
    absmax.requireDims(List.of(count), "there are blocks of " + blockSize + " magnitudes");
    return new FlatScales.Nested(
        Levels.of(table(map, 256), true),
        StoredLines.of(absmax, count),
        blockSize,
        state.number("nested_offset"));
  }

  private static float[] table(Part map, int length) {
    PackedIntegers.requireType(map, ElementType.F32);
    map.requireDims(List.of((long) length), "there is a level for each code");
    float[] levels = new float[length];
    new F32Codec().decode(map.readAll(), 0, levels, 0, length);
    return levels;
  }

  /** The JSON text. */
  private record State(Part part, Map<String, @Nullable Object> values) {
    List<Long> shape() {
      List<Long> dims = new ArrayList<>();
      if (values.get("shape") instanceof List<?> list && !list.isEmpty() && list.size() <= 3) {
        for (Object dim : list) {
          if (dim instanceof Long number && number > 0 && number <= Integer.MAX_VALUE) {
            dims.add(number);
          } else {
            throw bad("shape");
          }
        }
        return dims;
      }
      throw bad("shape");
    }

    boolean isNested() {
      return values.containsKey("nested_blocksize");
    }

    int size(String key) {
      if (values.get(key) instanceof Long number && number > 0 && number <= 1 << 24) {
        return (int) (long) number;
      }
      throw bad(key);
    }

    float number(String key) {
      if (values.get(key) instanceof Number number && Float.isFinite(number.floatValue())) {
        return number.floatValue();
      }
      throw bad(key);
    }

    private ModelException bad(String key) {
      return part.error(ErrorCode.MALFORMED, "states no usable \"" + key + "\" in its JSON text");
    }
  }
}
