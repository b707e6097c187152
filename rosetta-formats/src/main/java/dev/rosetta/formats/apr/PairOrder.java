package dev.rosetta.formats.apr;

import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * K-quant blocks that hold their elements in pairs. aprender's own quantiser filled Q4_K blocks
 * that way on 22 January 2026 and from 30 January to 4 February, Q6_K blocks from 1 to 4 February;
 * blocks that it copied from GGUF files are in ggml's order. The bytes do not tell the one from the
 * other, so the user has to; they are put into ggml's order as they are copied out of the file.
 *
 * <pre>
 * Q4_K  qs[b] (b = 0…127): element 2b in the low, 2b + 1 in the high nibble
 * Q6_K  ql[b] (b = 0…127): low four bits of elements 2b and 2b + 1
 *       qh[b] (b = 0…63): high two bits of elements 4b…4b + 3, from the lowest bits up
 * </pre>
 */
final class PairOrder {
  /** The types whose blocks were ever filled in pairs. */
  static final Set<ElementType> TYPES = Set.of(ElementType.Q4_K, ElementType.Q6_K);

  private static final int BLOCK_ELEMENTS = 256;
  private static final LocalDate FIRST_DAY = LocalDate.of(2026, 1, 22);

  /** The day after the last, as a file is written some time after its writer was built. */
  private static final LocalDate LAST_DAY = LocalDate.of(2026, 2, 5);

  private PairOrder() {}

  /**
   * The note on tensors that are read in pair order.
   *
   * @throws IllegalArgumentException if there is none
   */
  static SourceNote applied(Path path, Set<ElementType> types, List<TensorInfo> tensors) {
    long count = tensors.stream().filter(tensor -> types.contains(tensor.type())).count();
    if (count == 0) {
      throw new IllegalArgumentException(
          "--pair-order: " + path + " has no tensor of type " + names(types));
    }
    return AprNote.PAIR_ORDER.file(
        "the elements of "
            + count
            + " "
            + names(types)
            + (count == 1 ? " tensor are" : " tensors are")
            + " read in pairs, as requested");
  }

  /** Adds a note where the file says that it is of the days in which pairs were written. */
  static void noteDoubt(Metadata metadata, List<TensorInfo> tensors, List<SourceNote> notes) {
    Set<ElementType> present = EnumSet.noneOf(ElementType.class);
    tensors.forEach(tensor -> present.add(tensor.type()));
    present.retainAll(TYPES);
    if (!present.isEmpty()
        && metadata.value("created_at").orElse(null) instanceof String created
        && isDoubtful(created)) {
      notes.add(
          AprNote.PAIR_ORDER_POSSIBLE.file(
              "written on "
                  + Quoted.quote(created)
                  + ", when aprender's own quantiser stored the elements of "
                  + names(present)
                  + " in pairs; they are read in ggml's order. If they are garbage, ask for pair"
                  + " order (--pair-order), and quantise the model again"));
    }
  }

  private static boolean isDoubtful(String created) {
    try {
      LocalDate day = LocalDate.parse(created.substring(0, Math.min(10, created.length())));
      return !day.isBefore(FIRST_DAY) && !day.isAfter(LAST_DAY);
    } catch (DateTimeException e) {
      return false;
    }
  }

  private static String names(Set<ElementType> types) {
    return types.stream()
        .sorted()
        .map(type -> type.name().toUpperCase(Locale.ROOT))
        .collect(Collectors.joining(" and "));
  }

  /**
   * Copies encoded bytes of a tensor in ggml's order; {@code from} and {@code length} may split a
   * block.
   */
  static void read(Image image, TensorInfo tensor, long from, MemorySegment target, long length) {
    int size = tensor.type().blockBytes();
    byte[] block = new byte[size];
    MemorySegment memory = MemorySegment.ofArray(block);
    for (long done = 0; done < length; ) {
      long start = (from + done) / size * size;
      image.read(tensor.offset() + start, memory, size);
      toGgmlOrder(tensor.type(), block);
      int skip = (int) (from + done - start);
      int usable = (int) Math.min(size - skip, length - done);
      MemorySegment.copy(block, skip, target, ValueLayout.JAVA_BYTE, done, usable);
      done += usable;
    }
  }

  private static void toGgmlOrder(ElementType type, byte[] block) {
    byte[] q = new byte[BLOCK_ELEMENTS];
    int low = type == ElementType.Q4_K ? 16 : 0;
    for (int k = 0; k < BLOCK_ELEMENTS; k++) {
      q[k] = (byte) (block[low + k / 2] >> 4 * (k & 1) & 15);
    }
    if (type == ElementType.Q4_K) {
      putQ4(q, block);
    } else {
      for (int k = 0; k < BLOCK_ELEMENTS; k++) {
        q[k] |= (byte) ((block[128 + k / 4] >> 2 * (k & 3) & 3) << 4);
      }
      putQ6(q, block);
    }
  }

  // qs[32c + l]: element 64c + l low, element 64c + 32 + l high.
  private static void putQ4(byte[] q, byte[] block) {
    for (int i = 0; i < 128; i++) {
      int k = 64 * (i / 32) + i % 32;
      block[16 + i] = (byte) (q[k] | q[k + 32] << 4);
    }
  }

  // Of half h: ql[64h + l] holds elements l and l + 64, ql[64h + 32 + l] elements l + 32 and
  // l + 96, qh[32h + l] the high bits of l, l + 32, l + 64 and l + 96.
  private static void putQ6(byte[] q, byte[] block) {
    for (int i = 0; i < 64; i++) {
      int h = i / 32;
      int l = i % 32;
      int k = 128 * h + l;
      block[64 * h + l] = (byte) (q[k] & 15 | (q[k + 64] & 15) << 4);
      block[64 * h + 32 + l] = (byte) (q[k + 32] & 15 | (q[k + 96] & 15) << 4);
      block[128 + i] =
          (byte) (q[k] >> 4 | q[k + 32] >> 4 << 2 | q[k + 64] >> 4 << 4 | q[k + 96] >> 4 << 6);
    }
  }
}
