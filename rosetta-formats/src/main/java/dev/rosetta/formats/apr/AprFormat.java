package dev.rosetta.formats.apr;

import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.SourceNote;
import dev.rosetta.spi.FileHead;
import dev.rosetta.spi.ModelFormat;
import dev.rosetta.spi.ModelFormats;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * aprender's and realizar's {@code .apr} files, and the manifests of sharded ones. Several
 * unrelated layouts share the extension and the first four bytes; all are recognised, and those
 * that hold no transformer say so in a note.
 */
public final class AprFormat implements ModelFormat {
  static final String NAME = "APR";

  private static final int TSP = 0x54535000;
  private static final byte[] ZSTD_MAGIC = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd};
  private static final byte[] APR1_MAGIC = {'A', 'P', 'R', '1'};

  private final Map<Path, Set<ElementType>> pairOrdered;

  /** For {@link java.util.ServiceLoader}: every block is read in ggml's order. */
  public AprFormat() {
    this(Map.of());
  }

  /**
   * Reads the K-quants of some files in pair order: aprender's own quantiser filled blocks of Q4_K
   * and Q6_K that way between 22 January and 4 February 2026, and nothing in a file says so.
   *
   * @param pairOrdered by the path that is opened, the types whose blocks hold elements in pairs
   * @throws IllegalArgumentException if a type other than Q4_K and Q6_K is among them
   */
  public AprFormat(Map<Path, Set<ElementType>> pairOrdered) {
    this.pairOrdered = Map.copyOf(pairOrdered);
    for (Set<ElementType> types : pairOrdered.values()) {
      if (!PairOrder.TYPES.containsAll(types)) {
        throw new IllegalArgumentException("only Q4_K and Q6_K were stored in pairs, not " + types);
      }
    }
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean recognizes(FileHead head) {
    return head.startsWith("APR\0")
        || head.startsWith("APR1")
        || head.startsWith("APR2")
        || head.startsWith("APRN")
        || head.startsWith("APRT")
        || isManifest(head);
  }

  /**
   * Whether {@code path} leads to a file that begins as those of this format do.
   *
   * @throws ModelException if it cannot be read
   */
  public static boolean isApr(Path path) {
    return !new ModelFormats(List.of(new AprFormat()), List.of()).recognizing(path).isEmpty();
  }

  /** A JSON object that begins with the fields of a shard manifest. */
  private static boolean isManifest(FileHead head) {
    String text = new String(head.bytes(), StandardCharsets.ISO_8859_1);
    return text.stripLeading().startsWith("{")
        && text.contains("\"shard_count\"")
        && text.contains("\"shards\"");
  }

  @Override
  public ModelSource open(Path path) {
    Image image = Image.Mapped.open(path);
    AprSource source;
    try {
      source = openFile(path, image);
    } catch (RuntimeException e) {
      image.close();
      throw e;
    }
    try {
      return source.inPairOrder(pairOrdered.getOrDefault(path, Set.of()));
    } catch (RuntimeException e) {
      source.close();
      throw e;
    }
  }

  private static AprSource openFile(Path path, Image image) {
    byte[] head = image.readBytes(0, (int) Math.min(image.size(), V2Header.BYTES));
    if (head.length < 4) {
      throw new ModelException(
          ErrorCode.FILE_TRUNCATED, path, head.length, "the file has " + head.length + " bytes");
    }
    return switch (new String(head, 0, 4, StandardCharsets.ISO_8859_1)) {
      case "APR\0", "APR2" -> openContainer(path, image, head);
      case "APR1" -> openApr1(path, image, head);
      case "APRN" -> OtherFamilies.aprn(image);
      case "APRT" ->
          throw new ModelException(
              ErrorCode.UNSUPPORTED_ARCHITECTURE,
              path,
              0,
              "this is an APRT dump of one stage's activations, not a model");
      default -> openManifest(path, image);
    };
  }

  private static AprSource openContainer(Path path, Image image, byte[] head) {
    byte[] padded = Arrays.copyOf(head, V2Header.BYTES);
    ByteBuffer fields = ByteBuffer.wrap(padded).order(ByteOrder.LITTLE_ENDIAN);
    if (isV2(padded)) {
      return openV2(path, image);
    }
    if (head[3] == '2' && head.length > 20 && isCookbookBundle(fields)) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_ARCHITECTURE,
          path,
          0,
          "this is a model bundle of apr-cookbook, not an APR model");
    }
    if (isCompressedApr1(padded)) {
      return openCompressedApr1(image, fields);
    }
    if (fields.getInt(4) == 1) {
      if (fields.getInt(8) == TSP) {
        return OtherFamilies.tsp(image);
      }
      if (head.length == V2Header.BYTES && fields.getInt(44) == 64 && padded[48] <= 2) {
        throw new ModelException(
            ErrorCode.UNSUPPORTED_ARCHITECTURE,
            path,
            0,
            "this is the header that realizar's QuantizedAprTransformer writes; it has no weights");
      }
      return OtherFamilies.presentar(image);
    }
    return openV2(path, image);
  }

  private static boolean isV2(byte[] header) {
    ByteBuffer fields = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
    return header[4] == 2
        && fields.getLong(12) == V2Header.BYTES
        && Long.compareUnsigned(fields.getLong(24), V2Header.BYTES) >= 0
        && Long.compareUnsigned(fields.getLong(32), fields.getLong(24)) >= 0;
  }

  private static boolean isCookbookBundle(ByteBuffer fields) {
    int index = fields.getInt(12);
    return fields.get(4) == 2 && (index == 64 || index == 160) && fields.getInt(16) != 0;
  }

  /** {@code u8} codec, {@code u32} inner length, then an APR1 file, maybe compressed. */
  private static boolean isCompressedApr1(byte[] header) {
    return header[4] >= 0
        && header[4] <= 2
        && (Arrays.equals(header, 9, 13, ZSTD_MAGIC, 0, 4)
            || Arrays.equals(header, 9, 13, APR1_MAGIC, 0, 4)
            || (Arrays.equals(header, 5, 9, header, 9, 13)
                && !Arrays.equals(header, 5, 9, new byte[4], 0, 4)));
  }

  private static AprSource openCompressedApr1(Image image, ByteBuffer fields) {
    int payload = 9;
    Expansion expansion =
        switch (fields.get(4)) {
          case 0 -> Expansion.plain(image, payload);
          case 1 -> Expansion.of(image, 0, payload, Expansion.Codec.LZ4);
          default -> Expansion.of(image, 0, payload, Expansion.Codec.ZSTD);
        };
    try {
      long declared = fields.getInt(5) & 0xffff_ffffL;
      if (declared != expansion.size()) {
        throw new ModelException(
            ErrorCode.MALFORMED,
            image.path(),
            5,
            "the wrapper says it holds " + declared + " bytes but has " + expansion.size());
      }
      if (!Arrays.equals(expansion.readBytes(0, (int) Math.min(4, expansion.size())), APR1_MAGIC)) {
        throw new ModelException(
            ErrorCode.MALFORMED, image.path(), payload, "the wrapper does not hold an APR1 file");
      }
      AprSource source =
          Apr1Json.open(
              expansion,
              List.of(AprNote.COMPRESSED.file("a wrapped APR1 file, expanded in memory")));
      image.close();
      return source;
    } catch (RuntimeException e) {
      expansion.close();
      throw e;
    }
  }

  private static AprSource openApr1(Path path, Image image, byte[] head) {
    if (head.length < 9) {
      throw new ModelException(
          ErrorCode.FILE_TRUNCATED, path, head.length, "the file has " + head.length + " bytes");
    }
    return head[8] == '{' ? Apr1Json.open(image, List.of()) : OtherFamilies.whisper(image);
  }

  private static AprSource openV2(Path path, Image image) {
    requireV2(image);
    V2Container container = V2Container.read(image, 0);
    List<SourceNote> notes = new ArrayList<>(container.notes());
    try {
      Optional<List<Path>> shards = Shards.siblings(path, container, notes);
      if (shards.isPresent()) {
        container.image().close();
        return Shards.open(path, shards.get(), new ArrayList<>());
      }
    } catch (RuntimeException e) {
      container.image().close();
      throw e;
    }
    return new AprSource(
        path, List.of(container.image()), container.metadata(), container.tensors(), notes);
  }

  /**
   * @throws ModelException if the file is no V2 container
   */
  static void requireV2(Image image) {
    if (image.size() < V2Header.BYTES) {
      throw new ModelException(
          ErrorCode.FILE_TRUNCATED,
          image.path(),
          image.size(),
          "the file has " + image.size() + " bytes, an APR header has 64");
    }
    String magic = new String(image.readBytes(0, 4), StandardCharsets.ISO_8859_1);
    if (!magic.equals("APR\0") && !magic.equals("APR2")) {
      throw new ModelException(
          ErrorCode.UNKNOWN_FORMAT, image.path(), 0, "this shard is no APR container");
    }
  }

  private static AprSource openManifest(Path path, Image image) {
    byte[] json = image.readBytes(0, Shards.requireManifestSize(path, image.size()));
    image.close();
    return Shards.ofManifest(path, json);
  }
}
