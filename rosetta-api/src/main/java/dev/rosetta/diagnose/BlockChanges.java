package dev.rosetta.diagnose;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.diagnose.BlockView.BlockChange;
import dev.rosetta.model.ElementType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The ways in which programs are known to pack or read blocks wrongly, as changes of one block's
 * bytes. Offsets are those of ggml's block structures.
 */
final class BlockChanges {
  private BlockChanges() {}

  /**
   * One known mistake.
   *
   * @param undo what turns the wrong block into the right one; for a loss, what reproduces it
   */
  record Known(DiagnosisCode code, String words, BlockChange undo) {}

  /** Mistakes that keep every bit, by what undoes them. */
  static List<Known> reversible(ElementType type) {
    List<Known> known = new ArrayList<>();
    switch (type) {
      case Q4_0, IQ4_NL, APR_Q4 -> nibbles(known, 2, 16);
      case Q4_1 -> nibbles(known, 4, 16);
      case Q5_0 -> {
        nibbles(known, 6, 16);
        order(known, "has its high bits in reverse order", block -> reverseBits(block, 2, 4));
      }
      case Q5_1 -> {
        nibbles(known, 8, 16);
        order(known, "has its high bits in reverse order", block -> reverseBits(block, 4, 4));
      }
      case MXFP4 -> nibbles(known, 1, 16);
      case IQ4_XS -> chunks(known, 8, 128, 16);
      case Q8_0 ->
          order(
              known,
              "holds unsigned bytes, offset by 128, where signed ones are meant",
              block -> flipSigns(block, 2, 32));
      case Q4_K -> {
        chunks(known, 16, 128, 32);
        scales(known);
      }
      case Q5_K -> {
        chunks(known, 48, 128, 32);
        scales(known);
        order(
            known,
            "has its high-bit planes in reverse order",
            block -> reverseBytesBits(block, 16, 32));
      }
      case Q6_K -> {
        order(
            known,
            "has the 2-bit fields of its high bits in reverse order",
            block -> reverseFields(block, 128, 64));
        order(known, "has its low and high nibbles exchanged", block -> swapNibbles(block, 0, 128));
        order(
            known,
            "has its elements packed in pairs, as aprender once did",
            BlockChanges::q6FromPairs);
      }
      case Q2_K ->
          order(
              known,
              "has its 2-bit fields in reverse order",
              block -> reverseFields(block, 16, 64));
      case Q3_K -> {
        order(
            known, "has its 2-bit fields in reverse order", block -> reverseFields(block, 32, 64));
        order(known, "has its high-bit mask inverted", block -> invert(block, 0, 32));
      }
      default -> {}
    }
    return known;
  }

  /** Mistakes that lose bits, by what reproduces them. */
  static List<Known> lossy(ElementType type) {
    List<Known> known = new ArrayList<>();
    switch (type) {
      case Q4_K, Q5_K -> {
        known.add(
            new Known(
                DiagnosisCode.QUANT_SCALE_PACKING,
                "has lost the two high bits of the scales and mins of sub-blocks 4 to 7",
                BlockChanges::dropHighScaleBits));
        known.add(
            new Known(
                DiagnosisCode.QUANT_SCALE_PACKING,
                "has no minimums: dmin is zero",
                block -> zero(block, 2, 2)));
        known.add(
            new Known(
                DiagnosisCode.QUANT_SCALE_PACKING,
                "has scales and mins of sub-blocks 4 to 7 taken from the low bits alone",
                BlockChanges::dropLowScaleNibbles));
        if (type == ElementType.Q5_K) {
          known.add(plane("has lost its high-bit plane", block -> zero(block, 16, 32)));
        }
      }
      case Q5_0 -> known.add(plane("has lost its high-bit plane", block -> zero(block, 2, 4)));
      case Q5_1 -> known.add(plane("has lost its high-bit plane", block -> zero(block, 4, 4)));
      case Q6_K -> known.add(plane("has lost its high-bit plane", block -> zero(block, 128, 64)));
      case Q3_K -> {
        known.add(plane("has lost its high-bit mask", block -> zero(block, 0, 32)));
      }
      case Q2_K ->
          known.add(
              new Known(
                  DiagnosisCode.QUANT_SCALE_PACKING,
                  "has no minimums: dmin is zero",
                  block -> zero(block, 82, 2)));
      default -> {}
    }
    return known;
  }

  /**
   * Wrong readings of right blocks, as changes that make the right decoder give the wrong one's
   * values: what undoes a wrong packing, what would be a wrong packing itself, and losses.
   */
  static List<Known> misreadings(ElementType type) {
    List<Known> known = new ArrayList<>(reversible(type));
    known.addAll(lossy(type));
    switch (type) {
      case Q4_K, Q5_K -> {
        int from = type == ElementType.Q4_K ? 16 : 48;
        order(
            known,
            "has its nibbles read as i and i+32 where pairs are meant",
            block -> {
              for (int at = from; at < from + 128; at += 32) {
                toPairs(block, at, 32);
              }
            });
        known.add(
            scales(
                "sub-block from 4 on has the scale and minimum of the one four before it",
                BlockChanges::repeatScales));
        known.add(
            scales("sub-block has the scale and minimum of the first", BlockChanges::firstScale));
      }
      case Q6_K -> {
        order(known, "has its elements in pairs", BlockChanges::q6ToPairs);
        known.add(
            scales(
                "sub-block has the scale of the first",
                block -> Arrays.fill(block, 192, 208, block[192])));
        known.add(
            scales(
                "sub-block has the scale of the next one",
                block -> System.arraycopy(block, 193, block, 192, 15)));
      }
      case Q2_K -> {
        known.add(scales("has its scales and mins exchanged", block -> swapNibbles(block, 0, 16)));
        known.add(
            scales(
                "sub-block has the scale and minimum of the first",
                block -> Arrays.fill(block, 0, 16, block[0])));
      }
      case Q4_1, Q5_1 -> known.add(scales("has lost its minimum", block -> zero(block, 2, 2)));
      default -> {}
    }
    return known;
  }

  private static Known scales(String words, BlockChange change) {
    return new Known(DiagnosisCode.QUANT_SCALE_PACKING, words, change);
  }

  private static Known plane(String words, BlockChange change) {
    return new Known(DiagnosisCode.QUANT_NIBBLE_ORDER, words, change);
  }

  private static void order(List<Known> known, String words, BlockChange undo) {
    known.add(new Known(DiagnosisCode.QUANT_NIBBLE_ORDER, words, undo));
  }

  /** 32 elements in 16 bytes: element j in the low, j + 16 in the high nibble of byte j. */
  private static void nibbles(List<Known> known, int from, int bytes) {
    order(
        known, "has its low and high nibbles exchanged", block -> swapNibbles(block, from, bytes));
    order(
        known,
        "has its nibbles stored in pairs (2i, 2i+1) instead of i and i+16",
        block -> fromPairs(block, from, bytes));
    order(
        known,
        "has its nibbles stored as i and i+16 instead of in pairs (2i, 2i+1)",
        block -> toPairs(block, from, bytes));
  }

  /** Chunks in which byte j holds element j low and element j + chunk high. */
  private static void chunks(List<Known> known, int from, int bytes, int chunk) {
    order(
        known, "has its low and high nibbles exchanged", block -> swapNibbles(block, from, bytes));
    order(
        known,
        "has its nibbles stored in pairs (2i, 2i+1) instead of i and i+" + chunk,
        block -> {
          for (int at = from; at < from + bytes; at += chunk) {
            fromPairs(block, at, chunk);
          }
        });
  }

  private static void scales(List<Known> known) {
    known.add(
        new Known(
            DiagnosisCode.QUANT_SCALE_PACKING,
            "has its scales and mins exchanged",
            BlockChanges::swapScalesAndMins));
    known.add(
        new Known(
            DiagnosisCode.QUANT_SCALE_PACKING,
            "has d and dmin exchanged",
            block -> {
              for (int i = 0; i < 2; i++) {
                byte d = block[i];
                block[i] = block[2 + i];
                block[2 + i] = d;
              }
            }));
  }

  static void reverse(byte[] block) {
    for (int i = 0, j = block.length - 1; i < j; i++, j--) {
      byte b = block[i];
      block[i] = block[j];
      block[j] = b;
    }
  }

  private static void swapNibbles(byte[] block, int from, int bytes) {
    for (int i = from; i < from + bytes; i++) {
      int b = block[i] & 0xff;
      block[i] = (byte) (b >> 4 | b << 4);
    }
  }

  /** Byte i holds elements 2i and 2i+1; afterwards byte j holds j and j + bytes. */
  private static void fromPairs(byte[] block, int from, int bytes) {
    byte[] elements = new byte[2 * bytes];
    for (int i = 0; i < bytes; i++) {
      elements[2 * i] = (byte) (block[from + i] & 15);
      elements[2 * i + 1] = (byte) (block[from + i] >> 4 & 15);
    }
    for (int j = 0; j < bytes; j++) {
      block[from + j] = (byte) (elements[j] | elements[j + bytes] << 4);
    }
  }

  /** The reverse of {@link #fromPairs}. */
  private static void toPairs(byte[] block, int from, int bytes) {
    byte[] elements = new byte[2 * bytes];
    for (int j = 0; j < bytes; j++) {
      elements[j] = (byte) (block[from + j] & 15);
      elements[j + bytes] = (byte) (block[from + j] >> 4 & 15);
    }
    for (int i = 0; i < bytes; i++) {
      block[from + i] = (byte) (elements[2 * i] | elements[2 * i + 1] << 4);
    }
  }

  private static void flipSigns(byte[] block, int from, int bytes) {
    for (int i = from; i < from + bytes; i++) {
      block[i] ^= (byte) 0x80;
    }
  }

  private static void invert(byte[] block, int from, int bytes) {
    for (int i = from; i < from + bytes; i++) {
      block[i] = (byte) ~block[i];
    }
  }

  private static void zero(byte[] block, int from, int bytes) {
    Arrays.fill(block, from, from + bytes, (byte) 0);
  }

  /** The four 2-bit fields of every byte in reverse order. */
  private static void reverseFields(byte[] block, int from, int bytes) {
    for (int i = from; i < from + bytes; i++) {
      int b = block[i] & 0xff;
      block[i] = (byte) ((b & 3) << 6 | (b >> 2 & 3) << 4 | (b >> 4 & 3) << 2 | b >> 6);
    }
  }

  /** The eight bits of every byte in reverse order. */
  private static void reverseBytesBits(byte[] block, int from, int bytes) {
    for (int i = from; i < from + bytes; i++) {
      block[i] = (byte) (Integer.reverse(block[i] & 0xff) >>> 24);
    }
  }

  /** The bits of a little-endian word in reverse order. */
  private static void reverseBits(byte[] block, int from, int bytes) {
    byte[] word = Arrays.copyOfRange(block, from, from + bytes);
    reverse(word);
    System.arraycopy(word, 0, block, from, bytes);
    reverseBytesBits(block, from, bytes);
  }

  /** The 6-bit scale of sub-block {@code j} of a Q4_K or Q5_K block, whose scales begin at 4. */
  private static int scale(byte[] block, int j) {
    return j < 4 ? block[4 + j] & 63 : block[8 + j] & 15 | (block[j] >> 6 & 3) << 4;
  }

  private static int min(byte[] block, int j) {
    return j < 4 ? block[8 + j] & 63 : block[8 + j] >> 4 & 15 | (block[4 + j] >> 6 & 3) << 4;
  }

  private static void pack(byte[] block, int[] scales, int[] mins) {
    for (int j = 0; j < 4; j++) {
      block[4 + j] = (byte) (scales[j] | scales[j + 4] >> 4 << 6);
      block[8 + j] = (byte) (mins[j] | mins[j + 4] >> 4 << 6);
      block[12 + j] = (byte) (scales[j + 4] & 15 | (mins[j + 4] & 15) << 4);
    }
  }

  private static void swapScalesAndMins(byte[] block) {
    int[] scales = new int[8];
    int[] mins = new int[8];
    for (int j = 0; j < 8; j++) {
      scales[j] = scale(block, j);
      mins[j] = min(block, j);
    }
    pack(block, mins, scales);
  }

  private static void repeatScales(byte[] block) {
    int[] scales = new int[8];
    int[] mins = new int[8];
    for (int j = 0; j < 8; j++) {
      scales[j] = scale(block, j % 4);
      mins[j] = min(block, j % 4);
    }
    pack(block, scales, mins);
  }

  private static void firstScale(byte[] block) {
    int[] scales = new int[8];
    int[] mins = new int[8];
    Arrays.fill(scales, scale(block, 0));
    Arrays.fill(mins, min(block, 0));
    pack(block, scales, mins);
  }

  private static void dropHighScaleBits(byte[] block) {
    for (int i = 4; i < 12; i++) {
      block[i] &= 63;
    }
  }

  private static void dropLowScaleNibbles(byte[] block) {
    zero(block, 12, 4);
  }

  /** ql byte k holds elements 2k and 2k+1, qh four elements a byte in order. */
  private static void q6FromPairs(byte[] block) {
    byte[] q = new byte[256];
    for (int k = 0; k < 128; k++) {
      q[2 * k] = (byte) (block[k] & 15);
      q[2 * k + 1] = (byte) (block[k] >> 4 & 15);
    }
    for (int e = 0; e < 256; e++) {
      q[e] |= (byte) ((block[128 + e / 4] >> 2 * (e % 4) & 3) << 4);
    }
    for (int half = 0; half < 2; half++) {
      for (int l = 0; l < 32; l++) {
        int at = 128 * half + l;
        block[64 * half + l] = (byte) (q[at] & 15 | (q[at + 64] & 15) << 4);
        block[64 * half + 32 + l] = (byte) (q[at + 32] & 15 | (q[at + 96] & 15) << 4);
        block[128 + 32 * half + l] =
            (byte)
                (q[at] >> 4 | q[at + 32] >> 4 << 2 | q[at + 64] >> 4 << 4 | q[at + 96] >> 4 << 6);
      }
    }
  }

  /** The reverse of {@link #q6FromPairs}. */
  private static void q6ToPairs(byte[] block) {
    byte[] q = new byte[256];
    for (int half = 0; half < 2; half++) {
      for (int l = 0; l < 32; l++) {
        int at = 128 * half + l;
        int low = block[64 * half + l];
        int more = block[64 * half + 32 + l];
        int high = block[128 + 32 * half + l];
        q[at] = (byte) (low & 15 | (high & 3) << 4);
        q[at + 32] = (byte) (more & 15 | (high >> 2 & 3) << 4);
        q[at + 64] = (byte) (low >> 4 & 15 | (high >> 4 & 3) << 4);
        q[at + 96] = (byte) (more >> 4 & 15 | (high >> 6 & 3) << 4);
      }
    }
    zero(block, 0, 192);
    for (int e = 0; e < 256; e++) {
      block[e / 2] |= (byte) ((q[e] & 15) << 4 * (e % 2));
      block[128 + e / 4] |= (byte) (q[e] >> 4 << 2 * (e % 4));
    }
  }
}
