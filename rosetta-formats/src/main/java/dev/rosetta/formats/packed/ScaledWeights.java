package dev.rosetta.formats.packed;

import dev.rosetta.formats.packed.PackedWeight.Formula;
import dev.rosetta.formats.quant.F8Codecs;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Weights of one byte an element that are multiplied by scales: eight-bit floats with {@code
 * weight_scale_inv} (which is no inverse; it is what the weight is multiplied by) or {@code
 * weight_scale}, signed bytes with {@code weight_scale}, and bitsandbytes' signed bytes with {@code
 * SCB}.
 */
final class ScaledWeights {
  private static final String WEIGHT = ".weight";

  private ScaledWeights() {}

  /** Null if {@code tensor} is no such weight, or has no scales. */
  static @Nullable PackedWeight read(Part weight, Parts parts) {
    String name = weight.name();
    ElementType type = weight.tensor().type();
    boolean bytes = type == ElementType.I8;
    if (!bytes && type != ElementType.F8_E4M3 && type != ElementType.F8_E5M2) {
      return null;
    }
    if (weight.dims().isEmpty() || weight.dims().size() > 3 || isScale(name)) {
      return null;
    }
    String method = parts.quantization().method();
    if (bytes && name.endsWith(WEIGHT)) {
      String largest = stem(name) + ".SCB";
      if (parts.has(largest) || method.equals("bitsandbytes")) {
        return bitsAndBytes(weight, parts.require(largest, weight));
      }
    }
    Part scale = scale(name, parts);
    if (scale == null && bytes && name.endsWith(WEIGHT) && method.equals("compressed-tensors")) {
      scale = parts.require(name + "_scale", weight);
    }
    if (scale == null) {
      return null;
    }
    Part zeros = parts.take(name + "_zero_point");
    List<Long> dims = weight.dims();
    ScaleGrid grid = ScaleGrid.of(weight, dims, scale, parts);
    if (zeros != null) {
      zeros.requireDims(scale.dims(), "there is a zero point for each scale");
    }
    StoredLines scales = StoredLines.as(scale, ScaleGrid.scaleType(scale), grid.lineLength());
    return new PackedWeight(
        name,
        dims,
        weight,
        (bytes ? "8-bit integers" : type.name()) + " with " + grid.words(),
        zeros == null ? Formula.SCALED : Formula.ZERO_POINT,
        new RowCodes(weight, dims.getLast(), 8),
        bytes
            ? Levels.signedBytes()
            : Levels.of(type == ElementType.F8_E4M3 ? new F8Codecs.E4M3() : new F8Codecs.E5M2()),
        grid.scales(scales, zeros == null ? null : StoredLines.of(zeros, grid.lineLength())));
  }

  private static boolean isScale(String name) {
    return name.endsWith("_scale") || name.endsWith("_scale_inv") || name.endsWith("_zero_point");
  }

  private static @Nullable Part scale(String name, Parts parts) {
    String only = null;
    for (String candidate :
        List.of(name + "_scale_inv", name + "_scale", stem(name) + ".scale_weight")) {
      if (!parts.has(candidate)) {
        continue;
      }
      if (only != null) {
        Part one = parts.take(only);
        Part other = parts.take(candidate);
        if (one != null && other != null) {
          throw one.error(
              ErrorCode.TENSOR_DUPLICATED,
              "and " + other.described() + " both scale the same weight; keep one of them");
        }
      }
      only = candidate;
    }
    return only == null ? null : parts.take(only);
  }

  private static PackedWeight bitsAndBytes(Part weight, Part largest) {
    List<Long> dims = weight.dims();
    if (dims.size() != 2) {
      throw weight.error(ErrorCode.SHAPE_MISMATCH, "should be a matrix, as it has an SCB");
    }
    largest.requireDims(dims.subList(0, 1), "there is a largest magnitude for each row");
    return new PackedWeight(
        weight.name(),
        dims,
        weight,
        "bitsandbytes 8-bit integers with a scale for each row",
        Formula.OF_127,
        new RowCodes(weight, dims.getLast(), 8),
        Levels.signedBytes(),
        new RowScales(
            StoredLines.of(largest, 1),
            null,
            1,
            1,
            Groups.consecutive(Math.max(1, dims.getLast())),
            1,
            1,
            Math.max(1, dims.getFirst()),
            dims.getFirst()));
  }

  private static String stem(String name) {
    return name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : name;
  }
}
