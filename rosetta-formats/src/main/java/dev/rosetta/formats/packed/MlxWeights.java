package dev.rosetta.formats.packed;

import dev.rosetta.formats.packed.PackedWeight.Formula;
import dev.rosetta.formats.quant.F8Codecs;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * MLX: {@code weight} holds codes without gaps along a row in words of 32 bits, {@code scales} and
 * {@code biases} are {@code [out, groups]}, and a value is {@code code * scale + bias}. The modes
 * that are named after the OCP formats have eight-bit scales and no biases.
 */
final class MlxWeights {
  private static final int DEFAULT_GROUP = 64;

  private MlxWeights() {}

  /** {@code codes} is {@code stem.weight} of words, {@code scales} is {@code stem.scales}. */
  static PackedWeight read(String stem, Part codes, Part scales, Parts parts) {
    Quantization quantization = parts.quantization().ofModule(stem);
    Part biases = parts.take(stem + ".biases");
    String mode = quantization.string("mode");
    if (mode.isEmpty()) {
      mode = parts.quantization().string("mode");
    }
    if (codes.dims().size() < 2
        || codes.dims().size() > 3
        || scales.dims().size() != codes.dims().size()
        || !prefix(scales).equals(prefix(codes))) {
      throw scales.error(ErrorCode.SHAPE_MISMATCH, "should have the rows of " + codes.described());
    }
    boolean affine = mode.isEmpty() || mode.equals("affine");
    long usual = affine ? DEFAULT_GROUP : mode.equals("nvfp4") ? 16 : 32;
    long size = quantization.integer("group_size").orElse(usual);
    long groups = scales.dims().getLast();
    if (size < 1 || size > 1 << 20 || groups < 1 || groups > Integer.MAX_VALUE / size) {
      throw scales.error(
          ErrorCode.SHAPE_MISMATCH, "cannot be for groups of " + size + ", as the config says");
    }
    long columns = groups * size;
    long packedBits = Math.multiplyExact(codes.dims().getLast(), 32L);
    long bits = packedBits / columns;
    if (bits < 1 || bits > 8 || bits * columns != packedBits) {
      throw scales.error(
          ErrorCode.SHAPE_MISMATCH,
          "with groups of "
              + size
              + " makes rows of "
              + columns
              + ", for which the words of "
              + codes.described()
              + " have no whole number of bits");
    }
    List<Long> dims = new ArrayList<>(prefix(codes));
    dims.add(columns);
    long rows = codes.dims().get(codes.dims().size() - 2);
    return new PackedWeight(
        stem + ".weight",
        dims,
        codes,
        "MLX " + (affine ? bits + "-bit integers" : mode) + " with groups of " + size,
        affine ? Formula.OFFSET : Formula.SCALED,
        new RowCodes(codes, codes.dims().getLast() * 4, (int) bits),
        affine ? Levels.integers((int) bits, 0) : levels(mode, (int) bits, codes),
        new RowScales(
            affine
                ? StoredLines.of(scales, groups)
                : StoredLines.as(
                    scales,
                    mode.equals("nvfp4") ? ElementType.F8_E4M3 : ElementType.F8_E8M0,
                    groups),
            affine ? offsets(biases, codes, scales, stem, parts) : null,
            1,
            1,
            Groups.consecutive(size),
            (int) groups,
            1,
            Math.max(1, rows),
            rows));
  }

  private static List<Long> prefix(Part part) {
    return part.dims().subList(0, part.dims().size() - 1);
  }

  private static Lines offsets(
      @Nullable Part biases, Part codes, Part scales, String stem, Parts parts) {
    Part offsets = biases == null ? parts.require(stem + ".biases", codes) : biases;
    offsets.requireDims(scales.dims(), "there is an offset for each scale");
    return StoredLines.of(offsets, scales.dims().getLast());
  }

  private static Levels levels(String mode, int bits, Part codes) {
    if (bits == 4 && (mode.equals("mxfp4") || mode.equals("nvfp4"))) {
      return Levels.e2m1();
    }
    if (bits == 8 && mode.equals("mxfp8")) {
      return Levels.of(new F8Codecs.E4M3());
    }
    throw codes.error(
        ErrorCode.UNSUPPORTED_QUANTIZATION,
        "is of MLX's mode '" + mode + "' with " + bits + " bits, which is not decoded");
  }
}
