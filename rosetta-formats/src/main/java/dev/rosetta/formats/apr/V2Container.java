package dev.rosetta.formats.apr;

import dev.rosetta.formats.json.BoundedJson;
import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.BlockLayout;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The directory of one V2 container.
 *
 * @param image what tensor offsets refer to: the file, or what it expands to
 * @param header the checked header
 * @param metadata the metadata, readable while the image is open
 * @param tensors in index order, with offsets into the image
 * @param notes oddities and damage
 */
record V2Container(
    Image image,
    V2Header header,
    AprMetadata metadata,
    List<TensorInfo> tensors,
    List<SourceNote> notes) {

  /**
   * Reads the directory.
   *
   * @param stored the file; closed on failure, and when the result has what it expands to
   * @param file index of the file among the model's files
   * @throws ModelException if it cannot be read as a whole; damage to the data becomes a note
   */
  static V2Container read(Image stored, int file) {
    List<SourceNote> notes = new ArrayList<>();
    V2Header header = V2Header.parse(stored.readBytes(0, V2Header.BYTES), stored.path(), notes);
    Image image = expand(stored, header, notes);
    try {
      return read(image, header, file, notes);
    } catch (RuntimeException e) {
      image.close();
      throw e;
    }
  }

  private static V2Container read(Image image, V2Header header, int file, List<SourceNote> notes) {
    header.checkSections(image.size(), image.path());
    AprMetadata metadata = AprMetadata.read(image, V2Header.BYTES, header.metadataSize(), notes);
    MetadataSpellings.note(metadata.values(), notes);
    if (metadata.values().get("format") instanceof String format
        && format.startsWith("entrenar-")) {
      notes.add(
          AprNote.TRAINING_CHECKPOINT.file(
              "a training checkpoint: "
                  + Quoted.quote(format)
                  + "; its trainer stores projections as [in, out], values included"));
    }
    List<V2Index.Entry> entries = V2Index.read(image, header, notes);
    List<TensorInfo> tensors =
        new TensorTypes(image, header, code8IsQ4K(header, metadata.values()), notes)
            .resolve(entries, file);
    V2Data.check(image, header, tensors, notes);
    return new V2Container(image, header, metadata, List.copyOf(tensors), List.copyOf(notes));
  }

  /** realizar expands everything after the header; aprender only ever set the flag. */
  private static Image expand(Image stored, V2Header header, List<SourceNote> notes) {
    if (!header.has(V2Header.LZ4 | V2Header.ZSTD)) {
      return stored;
    }
    if (stored.size() > V2Header.BYTES && stored.readBytes(V2Header.BYTES, 1)[0] == '{') {
      notes.add(
          AprNote.COMPRESSION_FLAG_ONLY.file(
              "a compression flag is set at byte 6, but the content is plain"));
      return stored;
    }
    Expansion.Codec codec = header.has(V2Header.LZ4) ? Expansion.Codec.LZ4 : Expansion.Codec.ZSTD;
    Expansion expansion = Expansion.of(stored, V2Header.BYTES, V2Header.BYTES, codec);
    notes.add(
        AprNote.COMPRESSED.file(
            codec + " content, expanded in memory to " + expansion.size() + " bytes"));
    stored.close();
    return expansion;
  }

  /**
   * Whether code 8 is Q4_K, as in realizar's first converter, rather than aprender's own 4-bit type
   * of the same size: that converter stated its quantisation and no layout flag.
   */
  private static boolean code8IsQ4K(V2Header header, Map<String, @Nullable Object> metadata) {
    Map<String, @Nullable Object> quantization = BoundedJson.asObject(metadata.get("quantization"));
    return !header.has(V2Header.ROW_MAJOR)
        && quantization != null
        && quantization.get("quant_type") instanceof String type
        && type.equalsIgnoreCase("q4_k");
  }

  /** Turns index entries into tensors, collecting notes that concern several of them. */
  private static final class TensorTypes {
    private final Image image;
    private final V2Header header;
    private final boolean code8IsQ4K;
    private final List<SourceNote> notes;
    private final Map<String, List<String>> legacy = new TreeMap<>();
    private final List<String> padded = new ArrayList<>();

    TensorTypes(Image image, V2Header header, boolean code8IsQ4K, List<SourceNote> notes) {
      this.image = image;
      this.header = header;
      this.code8IsQ4K = code8IsQ4K;
      this.notes = notes;
    }

    List<TensorInfo> resolve(List<V2Index.Entry> entries, int file) {
      List<TensorInfo> tensors = new ArrayList<>();
      for (V2Index.Entry entry : entries) {
        tensors.add(tensor(entry, file));
      }
      legacy.forEach(
          (meaning, names) ->
              notes.add(AprNote.TYPE_CODE_LEGACY.file(meaning + " in " + list(names))));
      if (!padded.isEmpty()) {
        notes.add(
            AprNote.ROWS_PADDED.file(
                "rows are padded to whole blocks in "
                    + list(padded)
                    + "; aprender and realizar's GPU path read them without padding"));
      }
      return tensors;
    }

    private TensorInfo tensor(V2Index.Entry entry, int file) {
      if (TypeCodes.candidates(entry.code(), code8IsQ4K).isEmpty()) {
        throw new ModelException(
            ErrorCode.UNSUPPORTED_ELEMENT_TYPE,
            image.path(),
            entry.position(),
            "tensor "
                + Quoted.quote(entry.name())
                + " has type code "
                + entry.code()
                + ", which no known writer uses");
      }
      Optional<TypeCodes.Encoding> resolved =
          entry.byteSize() < 0
              ? Optional.empty()
              : TypeCodes.resolve(
                  entry.code(), code8IsQ4K, entry.dims(), entry.elements(), entry.byteSize());
      if (resolved.isEmpty()) {
        throw new ModelException(
            ErrorCode.MALFORMED,
            image.path(),
            entry.position(),
            "tensor "
                + Quoted.quote(entry.name())
                + ": "
                + Long.toUnsignedString(entry.byteSize())
                + " bytes fit no meaning of type code "
                + entry.code()
                + " for dimensions "
                + entry.dims());
      }
      note(entry, resolved.get());
      return place(entry, resolved.get(), file);
    }

    private void note(V2Index.Entry entry, TypeCodes.Encoding encoding) {
      if (entry.code() == 0 && encoding.type() != ElementType.F32) {
        notes.add(
            AprNote.TYPE_MISLABELLED.tensor(
                entry.name(),
                "labelled F32 but its size is that of "
                    + encoding.type()
                    + ", as GGUF imports of January 2026 left it; read as "
                    + encoding.type()));
      } else if (encoding.legacy()) {
        legacy
            .computeIfAbsent(
                "type code " + entry.code() + " means " + encoding.type(), _ -> new ArrayList<>())
            .add(entry.name());
      }
      if (!encoding.alternative().isEmpty()) {
        notes.add(
            AprNote.TYPE_AMBIGUOUS.tensor(
                entry.name(),
                "its size fits "
                    + encoding.type()
                    + ", as it is read, and "
                    + encoding.alternative()));
      }
      int block = encoding.type().blockElements();
      if (encoding.layout() == BlockLayout.ROW_ALIGNED
          && !entry.dims().isEmpty()
          && entry.dims().getLast() % block != 0) {
        padded.add(entry.name());
      }
    }

    private TensorInfo place(V2Index.Entry entry, TypeCodes.Encoding encoding, int file) {
      long offset = V2Data.absolute(header.dataOffset(), entry.offset());
      long byteSize = entry.byteSize();
      float scale = 1;
      if (encoding.type() == ElementType.APR_Q8 && byteSize >= 4) {
        if (offset <= image.size() - 4) {
          scale =
              ByteBuffer.wrap(image.readBytes(offset, 4)).order(ByteOrder.LITTLE_ENDIAN).getFloat();
        }
        offset = V2Data.absolute(offset, 4);
        byteSize -= 4;
      }
      return new TensorInfo(
          entry.name(),
          encoding.type(),
          entry.dims(),
          encoding.layout(),
          scale,
          file,
          offset,
          byteSize);
    }

    private static String list(List<String> names) {
      String first = Quoted.quote(names.getFirst());
      return names.size() == 1 ? first : names.size() + " tensors, first " + first;
    }
  }
}
