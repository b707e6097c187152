package dev.rosetta.diagnose;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.diagnose.BlockView.BlockChange;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.normalize.Weight;
import dev.rosetta.spi.ElementCodec;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Bytes that were read as what they are not: another element type, byte order or block layout. */
final class Encodings {
  private Encodings() {}

  /** The bytes are of another element type that takes as much room. */
  static Optional<Explanation> relabelled(Suspicion s) {
    Weight suspect = s.suspect();
    if (suspect.isInMemory() || suspect.codec() == null) {
      return Optional.empty();
    }
    TensorInfo tensor = suspect.tensor();
    for (ElementType type : ElementType.values()) {
      Optional<ElementCodec> codec = s.facts().codecs().codec(type);
      if (type == tensor.type()
          || codec.isEmpty()
          || !fitsInto(type, suspect)
          || !isPossible(type, suspect)) {
        continue;
      }
      TensorInfo other =
          new TensorInfo(
              tensor.name(),
              type,
              tensor.dims(),
              tensor.layout(),
              tensor.scale(),
              tensor.file(),
              tensor.offset(),
              type.byteSize(tensor.elements()));
      Weight reread = suspect.reread(suspect.source(), other, codec.get());
      if (s.fits(reread)) {
        return Optional.of(
            new Explanation(
                DiagnosisCode.DTYPE_CONFUSED,
                "is labelled "
                    + tensor.type()
                    + " but holds "
                    + type
                    + (other.byteSize() == tensor.byteSize() ? "" : ", with other bytes behind it"),
                "write the element type's own code: " + type,
                List.of(reread),
                List.of(),
                Map.of("labelled", tensor.type().name(), "holds", type.name()),
                false));
      }
    }
    return Optional.empty();
  }

  /**
   * Weights are no integers or booleans, as which any bytes make a few equal values. aprender's own
   * types differ from ggml's in nibble order; only its own files can hold them.
   */
  private static boolean isPossible(ElementType type, Weight suspect) {
    // Norms lie so close to one that a coarse reading of any bytes may fit.
    if (suspect.rows() == 1 && (type.isQuantized() || type.blockBytes() < 2)) {
      return false;
    }
    return switch (type) {
      case APR_Q4, APR_Q8 -> suspect.source().dialect() == MetadataDialect.APR;
      default -> type.kind() != ElementType.Kind.INTEGER;
    };
  }

  /** Rows of {@code type} begin with a block, and all of them take no more room than there is. */
  private static boolean fitsInto(ElementType type, Weight weight) {
    return weight.columns() % type.blockElements() == 0
        && weight.tensor().elements() % type.blockElements() == 0
        && type.byteSize(weight.tensor().elements()) <= weight.tensor().byteSize();
  }

  /** Values in the other byte order. */
  static Optional<Explanation> byteSwapped(Suspicion s) {
    Weight suspect = s.suspect();
    switch (suspect.tensor().type()) {
      case F32, F16, BF16, F64, I16, I32 -> {}
      default -> {
        return Optional.empty();
      }
    }
    if (suspect.isInMemory()) {
      return Optional.empty();
    }
    Weight repaired = BlockView.of(suspect, BlockChanges::reverse);
    return s.fits(repaired)
        ? Optional.of(
            Explanation.of(
                DiagnosisCode.BYTE_ORDER,
                "is stored in the other byte order",
                "write little-endian values",
                repaired))
        : Optional.empty();
  }

  /** Elements, nibbles or scales in another place inside every block; nothing is lost. */
  static Optional<Explanation> blockLayout(Suspicion s) {
    Weight suspect = s.suspect();
    if (suspect.isInMemory()) {
      return Optional.empty();
    }
    for (BlockChanges.Known known : BlockChanges.reversible(suspect.tensor().type())) {
      Weight repaired = BlockView.of(suspect, known.undo());
      if (s.fits(repaired)) {
        return Optional.of(
            Explanation.of(
                known.code(),
                known.words(),
                "follow ggml's block layout of " + suspect.tensor().type(),
                repaired));
      }
    }
    return Optional.empty();
  }

  /**
   * Whether the loss would change no block at all, as if it had been suffered. Quantisers use every
   * bit, so that chance does not bring this about.
   */
  private static boolean isLostEverywhere(Weight suspect, BlockChange loss) {
    if (!suspect.hasKernelRows()) {
      return false;
    }
    int size = suspect.tensor().type().blockBytes();
    byte[] row = new byte[Math.toIntExact(suspect.rowBytes())];
    int step = Math.max(1, suspect.rows() / 256);
    for (int i = 0; i < suspect.rows(); i += step) {
      suspect.readRows(i, 1, MemorySegment.ofArray(row));
      for (int at = 0; at < row.length; at += size) {
        byte[] block = Arrays.copyOfRange(row, at, at + size);
        byte[] lost = block.clone();
        loss.apply(lost);
        if (!Arrays.equals(block, lost)) {
          return false;
        }
      }
    }
    return true;
  }

  /** Part of every block was lost: the same loss applied to the reference gives the suspect. */
  static Optional<Explanation> blockLoss(Suspicion s) {
    Weight suspect = s.suspect();
    Weight reference = s.reference();
    if (suspect.isInMemory() || reference.isInMemory()) {
      return Optional.empty();
    }
    boolean sameType = suspect.tensor().type() == reference.tensor().type();
    for (BlockChanges.Known known : BlockChanges.lossy(suspect.tensor().type())) {
      if (sameType
          ? Samples.of(suspect).agrees(BlockView.of(reference, known.undo()))
          : isLostEverywhere(suspect, known.undo())) {
        Explanation lossy =
            Explanation.lossy(
                known.code(),
                known.words(),
                "follow ggml's block layout of " + suspect.tensor().type() + " when packing");
        return Optional.of(
            sameType ? lossy.reproducedBy(BlockView.of(reference, known.undo())) : lossy);
      }
    }
    return Optional.empty();
  }
}
