package dev.rosetta.formats.packed;

import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.util.List;

/**
 * The groups of inputs that the shapes of GPTQ's and AWQ's tensors make.
 *
 * @param inputs columns of the weight
 * @param outputs rows of the weight
 * @param count groups
 * @param size columns of a group
 */
record InputGroups(int inputs, long outputs, int count, long size) {
  /** Group indices are kept as 16-bit numbers. */
  private static final int MAX = Character.MAX_VALUE;

  /**
   * @param packed the tensor with the codes
   * @param scales {@code [groups, out]}
   */
  static InputGroups of(
      Part packed, long inputs, long outputs, Part scales, Quantization quantization) {
    List<Long> dims = scales.dims();
    if (inputs < 1 || outputs < 1 || inputs > Integer.MAX_VALUE || outputs > Integer.MAX_VALUE) {
      throw packed.error(ErrorCode.SHAPE_MISMATCH, "unpacks to [" + outputs + ", " + inputs + "]");
    }
    if (dims.size() != 2 || dims.getLast() != outputs) {
      throw misfit(packed, inputs, outputs, scales);
    }
    long count = dims.getFirst();
    if (count < 1 || count > Math.min(MAX, inputs)) {
      throw misfit(packed, inputs, outputs, scales);
    }
    long stated = quantization.integer("group_size").orElse(0L);
    if (stated > 0 && Math.ceilDiv(inputs, stated) == count) {
      return new InputGroups((int) inputs, outputs, (int) count, stated);
    }
    // Modules may have sizes of their own.
    if (inputs % count != 0) {
      throw misfit(packed, inputs, outputs, scales);
    }
    return new InputGroups((int) inputs, outputs, (int) count, inputs / count);
  }

  /** Checks the tensor of packed zero points. */
  void requireZeros(Part zeros, int bits) {
    PackedIntegers.requireType(zeros, ElementType.I32);
    zeros.requireDims(
        List.of((long) count, Math.ceilDiv(outputs * bits, 32)),
        "there is a zero point of " + bits + " bits for each scale");
  }

  /** For people. */
  String words() {
    return count == 1 ? "a scale for each row" : "groups of " + size;
  }

  private static ModelException misfit(Part packed, long inputs, long outputs, Part scales) {
    return scales.error(
        ErrorCode.SHAPE_MISMATCH,
        "does not divide the "
            + inputs
            + " inputs and "
            + outputs
            + " outputs of "
            + packed.described()
            + " into groups; write both with the same tool");
  }
}
