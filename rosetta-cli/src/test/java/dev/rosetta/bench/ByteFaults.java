package dev.rosetta.bench;

import static dev.rosetta.DiagnosisCode.*;

import dev.rosetta.bench.Draft.Format;
import dev.rosetta.bench.Fault.Expected;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Mistakes made on encoded tensors: labels, byte order, block layouts, offsets, bad bits. */
final class ByteFaults {
  private ByteFaults() {}

  static List<Fault> all() {
    return List.of(
        new Fault("BF16 and F16 confused", ByteFaults::halfFloats),
        new Fault("quantised types confused", ByteFaults::equalSizes),
        new Fault("raw bytes as F32", ByteFaults::rawAsF32),
        new Fault("other byte order", ByteFaults::byteOrder),
        new Fault("shifted by bytes", ByteFaults::shiftedBytes),
        new Fault("nibbles exchanged", ByteFaults::nibbles),
        new Fault("elements in pairs", ByteFaults::pairs),
        new Fault("high bits lost", ByteFaults::highBits),
        new Fault("high bits reversed", ByteFaults::reversedPlane),
        new Fault("unsigned bytes", ByteFaults::unsigned),
        new Fault("scales without high bits", ByteFaults::scaleBits),
        new Fault("scales and mins exchanged", ByteFaults::scalesAndMins),
        new Fault("d and dmin exchanged", ByteFaults::dAndDmin),
        new Fault("minimums lost", ByteFaults::noMinimums),
        new Fault("NaN", (d, o, r) -> notFinite(d, r, true)),
        new Fault("infinity", (d, o, r) -> notFinite(d, r, false)),
        new Fault("damaged bytes", ByteFaults::damaged),
        new Fault("transposed with its dims", ByteFaults::transposedWithDims));
  }

  /** A matrix stored as one of {@code types}; null if there is none. */
  private static @Nullable TensorRole stored(Draft draft, Random random, ElementType... types) {
    Set<ElementType> wanted = Set.of(types);
    List<TensorRole> roles =
        draft.roles().stream()
            .filter(role -> role.layer() >= 0 && draft.value(role).rows() > 1)
            .filter(role -> wanted.contains(draft.storedType(role)))
            .toList();
    return roles.isEmpty() ? null : roles.get(random.nextInt(roles.size()));
  }

  private static @Nullable Expected halfFloats(Draft draft, ElementType opposite, Random random) {
    TensorRole role = stored(draft, random, ElementType.F16, ElementType.BF16);
    if (role == null) {
      return null;
    }
    boolean f16 = draft.storedType(role) == ElementType.F16;
    draft.edit(role, t -> t.withType(f16 ? ElementType.BF16 : ElementType.F16));
    return Expected.of(role, DTYPE_CONFUSED);
  }

  private static @Nullable Expected equalSizes(Draft draft, ElementType opposite, Random random) {
    TensorRole role = stored(draft, random, ElementType.Q4_0, ElementType.Q4_K, ElementType.Q5_K);
    if (role == null || draft.format() != Format.GGUF) {
      return null;
    }
    ElementType label =
        switch (draft.storedType(role)) {
          case Q4_0 -> ElementType.IQ4_NL;
          case Q4_K -> ElementType.Q4_0;
          default -> ElementType.Q5_0;
        };
    draft.edit(role, t -> t.withType(label));
    return Expected.of(role, DTYPE_CONFUSED);
  }

  /** Bytes of a narrower type, read as F32; what is missing at the end is zero. */
  private static @Nullable Expected rawAsF32(Draft draft, ElementType opposite, Random random) {
    TensorRole role = stored(draft, random, ElementType.F32);
    if (role == null) {
      return null;
    }
    ElementType[] types = {ElementType.F16, ElementType.BF16, ElementType.Q8_0};
    ElementType raw = types[random.nextInt(types.length)];
    Matrix matrix = draft.value(role);
    if (matrix.columns() % raw.blockElements() != 0) {
      return null;
    }
    byte[] bytes = draft.encoded(role, raw);
    draft.edit(role, t -> t.withBytes(Arrays.copyOf(bytes, t.bytes().length)));
    return Expected.of(role, DTYPE_CONFUSED, NON_FINITE).lost();
  }

  private static @Nullable Expected byteOrder(Draft draft, ElementType opposite, Random random) {
    TensorRole role = stored(draft, random, ElementType.F32, ElementType.F16, ElementType.BF16);
    if (role == null) {
      return null;
    }
    int size = draft.storedType(role).blockBytes();
    blocks(draft, role, 0, size, ByteFaults::reverse);
    return Expected.of(role, BYTE_ORDER);
  }

  private static void reverse(byte[] block) {
    for (int i = 0; i < block.length / 2; i++) {
      byte kept = block[i];
      block[i] = block[block.length - 1 - i];
      block[block.length - 1 - i] = kept;
    }
  }

  private static @Nullable Expected shiftedBytes(Draft draft, ElementType opposite, Random random) {
    TensorRole role =
        stored(
            draft,
            random,
            ElementType.F32,
            ElementType.F16,
            ElementType.BF16,
            ElementType.Q8_0,
            ElementType.Q4_0,
            ElementType.Q4_K,
            ElementType.Q6_K);
    if (role == null) {
      return null;
    }
    int block = draft.storedType(role).blockBytes();
    int by = 1 + random.nextInt(48);
    if (by % block == 0) {
      by++;
    }
    int distance = by;
    draft.edit(
        role,
        t -> {
          byte[] moved = new byte[t.bytes().length];
          System.arraycopy(t.bytes(), distance, moved, 0, moved.length - distance);
          return t.withBytes(moved);
        });
    return Expected.of(role, DATA_SHIFTED).lost();
  }

  /** Changes the part of every block of a tensor that begins at {@code from}. */
  private static void blocks(
      Draft draft, TensorRole role, int from, int length, Consumer<byte[]> change) {
    draft.edit(
        role,
        t -> {
          byte[] bytes = t.bytes().clone();
          int size = t.type().blockBytes();
          for (int at = from; at + length <= bytes.length; at += size) {
            byte[] part = Arrays.copyOfRange(bytes, at, at + length);
            change.accept(part);
            System.arraycopy(part, 0, bytes, at, length);
          }
          return t.withBytes(bytes);
        });
  }

  /** Where the nibbles of a block begin. */
  private static int nibblesAt(ElementType type) {
    return switch (type) {
      case Q4_0 -> 2;
      case Q4_K -> 16;
      case Q5_K -> 48;
      case Q6_K -> 0;
      default -> throw new IllegalArgumentException(type.toString());
    };
  }

  private static int nibbleBytes(ElementType type) {
    return type == ElementType.Q4_0 ? 16 : 128;
  }

  private static @Nullable Expected nibbles(Draft draft, ElementType opposite, Random random) {
    TensorRole role =
        stored(
            draft, random, ElementType.Q4_0, ElementType.Q4_K, ElementType.Q5_K, ElementType.Q6_K);
    if (role == null) {
      return null;
    }
    ElementType type = draft.storedType(role);
    blocks(
        draft,
        role,
        nibblesAt(type),
        nibbleBytes(type),
        part -> {
          for (int i = 0; i < part.length; i++) {
            part[i] = (byte) ((part[i] & 0x0f) * 16 + (part[i] & 0xf0) / 16);
          }
        });
    return Expected.of(role, QUANT_NIBBLE_ORDER);
  }

  /** Elements 2i and 2i+1 share byte i of each run, instead of i and i + the run's length. */
  private static @Nullable Expected pairs(Draft draft, ElementType opposite, Random random) {
    TensorRole role = stored(draft, random, ElementType.Q4_0, ElementType.Q4_K, ElementType.Q5_K);
    if (role == null) {
      return null;
    }
    ElementType type = draft.storedType(role);
    int run = type == ElementType.Q4_0 ? 16 : 32;
    blocks(
        draft,
        role,
        nibblesAt(type),
        nibbleBytes(type),
        part -> {
          byte[] old = part.clone();
          for (int from = 0; from < part.length; from += run) {
            int[] elements = new int[2 * run];
            for (int i = 0; i < run; i++) {
              elements[i] = old[from + i] & 0x0f;
              elements[i + run] = (old[from + i] & 0xf0) / 16;
            }
            for (int i = 0; i < run; i++) {
              part[from + i] = (byte) (elements[2 * i] + 16 * elements[2 * i + 1]);
            }
          }
        });
    return Expected.of(role, QUANT_NIBBLE_ORDER);
  }

  private static @Nullable Expected highBits(Draft draft, ElementType opposite, Random random) {
    TensorRole role = stored(draft, random, ElementType.Q5_K, ElementType.Q6_K);
    if (role == null) {
      return null;
    }
    boolean five = draft.storedType(role) == ElementType.Q5_K;
    blocks(draft, role, five ? 16 : 128, five ? 32 : 64, part -> Arrays.fill(part, (byte) 0));
    return Expected.of(role, QUANT_NIBBLE_ORDER).lost();
  }

  private static @Nullable Expected reversedPlane(
      Draft draft, ElementType opposite, Random random) {
    TensorRole role = stored(draft, random, ElementType.Q5_K, ElementType.Q6_K);
    if (role == null) {
      return null;
    }
    boolean five = draft.storedType(role) == ElementType.Q5_K;
    int width = five ? 1 : 2;
    blocks(
        draft,
        role,
        five ? 16 : 128,
        five ? 32 : 64,
        part -> {
          for (int i = 0; i < part.length; i++) {
            int reversed = 0;
            for (int bit = 0; bit < 8; bit += width) {
              int field = part[i] >> bit & (1 << width) - 1;
              reversed |= field << 8 - width - bit;
            }
            part[i] = (byte) reversed;
          }
        });
    return Expected.of(role, QUANT_NIBBLE_ORDER);
  }

  private static @Nullable Expected unsigned(Draft draft, ElementType opposite, Random random) {
    TensorRole role = stored(draft, random, ElementType.Q8_0);
    if (role == null) {
      return null;
    }
    blocks(
        draft,
        role,
        2,
        32,
        part -> {
          for (int i = 0; i < part.length; i++) {
            part[i] = (byte) (part[i] + 128);
          }
        });
    return Expected.of(role, QUANT_NIBBLE_ORDER, QUANT_SCALE_PACKING);
  }

  private static @Nullable Expected scalesOf(Draft draft, Random random, Consumer<byte[]> change) {
    TensorRole role = stored(draft, random, ElementType.Q4_K, ElementType.Q5_K);
    if (role == null) {
      return null;
    }
    blocks(draft, role, 0, 16, change);
    return Expected.of(role, QUANT_SCALE_PACKING);
  }

  private static @Nullable Expected scaleBits(Draft draft, ElementType opposite, Random random) {
    Expected expected =
        scalesOf(
            draft,
            random,
            head -> {
              for (int i = 4; i < 12; i++) {
                head[i] = (byte) (head[i] & 0x3f);
              }
            });
    return expected == null ? null : expected.lost();
  }

  /** Sub-blocks 0 to 3 have whole bytes, 4 to 7 nibbles with their high bits in the former. */
  private static @Nullable Expected scalesAndMins(
      Draft draft, ElementType opposite, Random random) {
    return scalesOf(
        draft,
        random,
        head -> {
          for (int i = 0; i < 4; i++) {
            byte scale = head[4 + i];
            head[4 + i] = head[8 + i];
            head[8 + i] = scale;
            head[12 + i] = (byte) ((head[12 + i] & 0x0f) * 16 + (head[12 + i] & 0xf0) / 16);
          }
        });
  }

  private static @Nullable Expected dAndDmin(Draft draft, ElementType opposite, Random random) {
    return scalesOf(
        draft,
        random,
        head -> {
          byte[] old = head.clone();
          System.arraycopy(old, 0, head, 2, 2);
          System.arraycopy(old, 2, head, 0, 2);
        });
  }

  private static @Nullable Expected noMinimums(Draft draft, ElementType opposite, Random random) {
    Expected expected =
        scalesOf(
            draft,
            random,
            head -> {
              head[2] = 0;
              head[3] = 0;
            });
    return expected == null ? null : expected.lost();
  }

  private static @Nullable Expected notFinite(Draft draft, Random random, boolean nan) {
    TensorRole role = ValueFaults.matrix(draft, random);
    ElementType type = draft.storedType(role);
    int at =
        switch (type) {
          case Q6_K -> 208;
          default -> 0;
        };
    int half = type == ElementType.BF16 ? nan ? 0x7fc0 : 0x7f80 : nan ? 0x7e00 : 0x7c00;
    int wide = nan ? 0x7fc00000 : 0x7f800000;
    draft.edit(
        role,
        t -> {
          byte[] bytes = t.bytes().clone();
          int block = random.nextInt(bytes.length / type.blockBytes()) * type.blockBytes();
          int bits = type == ElementType.F32 ? wide : half;
          for (int i = 0; i < (type == ElementType.F32 ? 4 : 2); i++) {
            bytes[block + at + i] = (byte) (bits >> 8 * i);
          }
          return t.withBytes(bytes);
        });
    return Expected.of(role, NON_FINITE).lost();
  }

  /** A run of random bytes; enough to be seen beside any noise. */
  private static @Nullable Expected damaged(Draft draft, ElementType opposite, Random random) {
    TensorRole role = stored(draft, random, ElementType.Q8_0, ElementType.Q4_0, ElementType.Q6_K);
    if (role == null) {
      return null;
    }
    ElementType type = draft.storedType(role);
    int from = type == ElementType.Q6_K ? 0 : 2;
    int length = type == ElementType.Q8_0 ? 32 : type == ElementType.Q4_0 ? 16 : 192;
    draft.edit(
        role,
        t -> {
          byte[] bytes = t.bytes().clone();
          int block = random.nextInt(bytes.length / type.blockBytes());
          for (int i = 0; i < length; i++) {
            bytes[block * type.blockBytes() + from + i] = (byte) random.nextInt(256);
          }
          return t.withBytes(bytes);
        });
    return Expected.of(role, VALUES_CORRUPTED).lost();
  }

  /** Data and dims both [in, out]: consistent in itself, and wrong. */
  private static @Nullable Expected transposedWithDims(
      Draft draft, ElementType opposite, Random random) {
    TensorRole role = TensorRole.weight(Part.FFN_UP, ValueFaults.layer(draft, random));
    Matrix matrix = draft.value(role);
    ElementType type = draft.storedType(role);
    if (matrix.rows() % type.blockElements() != 0) {
      return null;
    }
    float[] values = new float[matrix.values().length];
    for (int row = 0; row < matrix.rows(); row++) {
      for (int column = 0; column < matrix.columns(); column++) {
        values[column * matrix.rows() + row] = matrix.values()[row * matrix.columns() + column];
      }
    }
    byte[] bytes = Draft.encode(new Matrix(matrix.columns(), matrix.rows(), values), type);
    draft.edit(role, t -> t.withBytes(bytes).withDims(t.dims().reversed()));
    return Expected.of(role, WEIGHT_TRANSPOSED, WEIGHT_RESHAPED);
  }
}
