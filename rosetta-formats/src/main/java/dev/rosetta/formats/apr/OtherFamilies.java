package dev.rosetta.formats.apr;

import dev.rosetta.formats.json.JsonMetadata;
import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.BlockLayout;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Files of the same extension that hold other models than transformers. They are listed as far as
 * they can be and marked with {@link AprNote#UNSUPPORTED_ARCHITECTURE}; damaged ones are refused.
 */
final class OtherFamilies {
  private static final int APRN_HEADER_BYTES = 32;
  private static final int APRN_SIGNATURE_BYTES = 96;
  private static final int APRN_SIGNED = 2;
  private static final int MAX_TENSORS = 1 << 16;

  private final Image image;
  private final Cursor cursor;
  private final Map<String, @Nullable Object> metadata = new LinkedHashMap<>();
  private final List<TensorInfo> tensors = new ArrayList<>();
  private final List<SourceNote> notes = new ArrayList<>();
  private final Set<String> names = new HashSet<>();

  private OtherFamilies(Image image, long start) {
    this.image = image;
    this.cursor = new Cursor(image, start, image.size());
  }

  /** {@code APRN}: aprender's classic machine-learning models, and two older bundles. */
  static AprSource aprn(Image image) {
    return new OtherFamilies(image, 4).aprn();
  }

  /** {@code APR\0}, {@code u32} 1, {@code TSP\0}: a travelling-salesman solver of aprender-tsp. */
  static AprSource tsp(Image image) {
    return new OtherFamilies(image, 12).tsp();
  }

  /** {@code APR\0}, {@code u32} 1: a small layered model of presentar. */
  static AprSource presentar(Image image) {
    return new OtherFamilies(image, 8).presentar();
  }

  /** {@code APR1} with a binary header: a speech model of whisper.apr. */
  static AprSource whisper(Image image) {
    return new OtherFamilies(image, 4).whisper();
  }

  private AprSource aprn() {
    metadata.put("container", "APRN");
    int major = cursor.u8("the version");
    int minor = cursor.u8("the version");
    int type = cursor.u16("the model type");
    long metadataSize = cursor.u32("the metadata size");
    long payloadSize = cursor.u32("the payload size");
    long expandedSize = cursor.u32("the uncompressed size");
    int compression = cursor.u8("the compression");
    int flags = cursor.u8("the flags");
    long length =
        APRN_HEADER_BYTES
            + metadataSize
            + payloadSize
            + ((flags & APRN_SIGNED) != 0 ? APRN_SIGNATURE_BYTES : 0)
            + 4;
    if (length == image.size()) {
      String name = aprnType(type);
      metadata.put("version", major + "." + minor);
      metadata.put("model_type", name);
      metadata.put("metadata_size", metadataSize);
      metadata.put("payload_size", payloadSize);
      metadata.put("uncompressed_size", expandedSize);
      metadata.put("compression", aprnCompression(compression));
      metadata.put("flags", (long) flags);
      V2Data.verifyFooter(image, notes);
      return noTransformer("an APRN file with a classic machine-learning model (" + name + ")");
    }
    if (image.size() == APRN_HEADER_BYTES + metadataSize) {
      metadata.put("payload_size", metadataSize);
      return noTransformer("an APRN bundle of apr-cookbook");
    }
    if (image.size() >= 22 && major <= 1 && oldRealizarSize() <= image.size()) {
      return noTransformer("an APRN file of an early realizar, with weights as JSON");
    }
    throw new ModelException(
        ErrorCode.FILE_TRUNCATED,
        image.path(),
        8,
        "an APRN file whose sizes at bytes 8 and 12 ask for "
            + length
            + " bytes, the file has "
            + image.size());
  }

  /** Header, metadata and payload lengths of early realizar: {@code u32} at 10 and 14. */
  private long oldRealizarSize() {
    Cursor old = new Cursor(image, 10, image.size());
    long metadataSize = old.u32("the metadata size");
    return metadataSize == 0 ? Long.MAX_VALUE : 22 + metadataSize + old.u32("the payload size");
  }

  private AprSource tsp() {
    long stored = cursor.u32("the checksum");
    int computed = V2Data.crc(image, 16, image.size());
    if ((int) stored != computed) {
      notes.add(
          AprNote.CHECKSUM_MISMATCH.file(
              String.format(
                  "the checksum at byte 12 is %08x, the bytes after it give %08x",
                  stored, computed)));
    }
    metadata.put("container", "aprender-tsp");
    int algorithm = cursor.u8("the algorithm");
    metadata.put(
        "algorithm",
        switch (algorithm) {
          case 0 -> "ACO";
          case 1 -> "Tabu";
          case 2 -> "GA";
          case 3 -> "Hybrid";
          default -> "unknown " + algorithm;
        });
    metadata.put("trained_instances", cursor.u32("trained_instances"));
    metadata.put("avg_instance_size", cursor.u32("avg_instance_size"));
    putNumber("best_known_gap", cursor.f64("best_known_gap"));
    putNumber("training_time_secs", cursor.f64("training_time_secs"));
    return noTransformer("a travelling-salesman solver of aprender-tsp");
  }

  private AprSource presentar() {
    metadata.put("container", "presentar");
    metadata.put("model_type", cursor.text(cursor.u32("a length"), "the model type"));
    long layers = cursor.u32("the layer count");
    for (long layer = 0; layer < layers; layer++) {
      metadata.put("layers." + layer, cursor.text(cursor.u32("a length"), "a layer type"));
      long parameters = cursor.u32("the parameter count");
      for (long i = 0; i < parameters; i++) {
        presentarTensor("layers." + layer + ".");
      }
      requireLimit(layer);
    }
    for (long pairs = 0; cursor.remaining() > 0; pairs++) {
      String key = cursor.text(cursor.u32("a length"), "a key");
      metadata.put(key, cursor.text(cursor.u32("a length"), "a value"));
      requireLimit(pairs);
    }
    return noTransformer("a small layered model of presentar");
  }

  private void presentarTensor(String prefix) {
    String name = prefix + cursor.text(cursor.u32("a length"), "a tensor name");
    long position = cursor.position();
    long code = cursor.u32("the element type");
    ElementType type =
        switch ((int) Math.min(code, 5)) {
          case 0 -> ElementType.F32;
          case 1 -> ElementType.F64;
          case 2 -> ElementType.I32;
          case 3 -> ElementType.I64;
          case 4 -> ElementType.U8;
          default ->
              throw new ModelException(
                  ErrorCode.UNSUPPORTED_ELEMENT_TYPE,
                  image.path(),
                  position,
                  "tensor " + Quoted.quote(name) + " has unknown type code " + code);
        };
    List<Long> dims = dims(name, cursor.u32("the rank"));
    long bytes = bytes(name, type, dims);
    add(name, type, dims, 1, cursor.position(), bytes);
    cursor.skip(bytes, "tensor " + Quoted.quote(name));
  }

  private AprSource whisper() {
    int version = cursor.u16("the version");
    if (version != 1) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_VERSION,
          image.path(),
          4,
          "an APR1 file that is neither JSON-indexed nor version 1 of whisper.apr but " + version);
    }
    metadata.put("container", "whisper.apr");
    metadata.put("model_type", "whisper");
    metadata.put("size_code", (long) cursor.u8("the model type"));
    int quantization = cursor.u8("the quantisation");
    int compressed = cursor.u8("the compression flag");
    int count = cursor.u16("the tensor count");
    metadata.put("flags", (long) cursor.u8("the flags"));
    for (String key :
        List.of(
            "n_vocab",
            "n_audio_ctx",
            "n_audio_state",
            "n_audio_head",
            "n_audio_layer",
            "n_text_ctx",
            "n_text_state",
            "n_text_head",
            "n_text_layer",
            "n_mels")) {
      metadata.put(key, cursor.u32(key));
    }
    ElementType type =
        switch (quantization) {
          case 0 -> ElementType.F32;
          case 1 -> ElementType.F16;
          case 2 -> ElementType.APR_Q8;
          default -> null;
        };
    if (type == null || compressed != 0) {
      metadata.put("tensor_count", (long) count);
      return noTransformer("a speech model of whisper.apr with packed or compressed tensors");
    }
    whisperTensors(type, count);
    return noTransformer("a speech model of whisper.apr");
  }

  private void whisperTensors(ElementType type, int count) {
    long index = cursor.position();
    long scales = index + 96L * count;
    long data = scales + (type == ElementType.APR_Q8 ? 4L * count : 0);
    cursor.need(data - index, "the tensor index");
    for (int i = 0; i < count; i++) {
      byte[] bytes = image.readBytes(index + 96L * i, 48);
      int length = 0;
      while (length < 48 && bytes[length] != 0) {
        length++;
      }
      Cursor entry = new Cursor(image, index + 96L * i, index + 96L * (i + 1));
      String name = entry.text(length, "a tensor name");
      entry.skip(48 - length, "a tensor name");
      long offset = entry.i64("the offset");
      long size = entry.i64("the size");
      entry.skip(8, "the element count");
      long[] stored = new long[4];
      for (int d = 0; d < 4; d++) {
        stored[d] = entry.u32("a dimension");
      }
      int rank = entry.u8("the rank");
      if (rank > 4) {
        throw malformed("tensor " + Quoted.quote(name) + " has " + rank + " of 4 dimensions");
      }
      List<Long> dims = new ArrayList<>();
      for (int d = 0; d < rank; d++) {
        dims.add(stored[d]);
      }
      if (size != bytes(name, type, dims)) {
        throw malformed("tensor " + Quoted.quote(name) + " has a size that its dims do not give");
      }
      float scale =
          type == ElementType.APR_Q8 ? new Cursor(image, scales + 4L * i, data).f32("a scale") : 1;
      add(name, type, dims, scale, V2Data.absolute(data, offset), size);
    }
    V2Data.noteOutside(image, data, tensors, notes);
    if (notes.isEmpty()) {
      V2Data.verifyFooter(image, notes);
    }
  }

  private void add(
      String name, ElementType type, List<Long> dims, float scale, long offset, long bytes) {
    if (!names.add(name)) {
      throw new ModelException(
          ErrorCode.TENSOR_DUPLICATED, image.path(), "two tensors are named " + Quoted.quote(name));
    }
    tensors.add(new TensorInfo(name, type, dims, BlockLayout.ROW_ALIGNED, scale, 0, offset, bytes));
    requireLimit(tensors.size());
  }

  private List<Long> dims(String name, long rank) {
    if (rank > 8) {
      throw malformed("tensor " + Quoted.quote(name) + " has " + rank + " dimensions");
    }
    List<Long> dims = new ArrayList<>();
    for (long d = 0; d < rank; d++) {
      dims.add(cursor.u32("a dimension"));
    }
    return dims;
  }

  private long bytes(String name, ElementType type, List<Long> dims) {
    try {
      long elements = 1;
      for (long dim : dims) {
        elements = Math.multiplyExact(elements, dim);
      }
      return type.byteSize(elements);
    } catch (ArithmeticException e) {
      throw malformed("tensor " + Quoted.quote(name) + " has more than 2^63 bytes");
    }
  }

  /** JSON has no other numbers, and metadata is shown as JSON. */
  private void putNumber(String key, double value) {
    metadata.put(key, Double.isFinite(value) ? (Object) value : Double.toString(value));
  }

  private void requireLimit(long count) {
    if (count > MAX_TENSORS) {
      throw new ModelException(
          ErrorCode.LIMIT_EXCEEDED,
          image.path(),
          cursor.position(),
          "more than " + MAX_TENSORS + " entries");
    }
  }

  private AprSource noTransformer(String what) {
    notes.add(
        AprNote.UNSUPPORTED_ARCHITECTURE.file(
            "this is " + what + ", not a language model that can be compared"));
    return new AprSource(image.path(), List.of(image), new JsonMetadata(metadata), tensors, notes);
  }

  private ModelException malformed(String message) {
    return new ModelException(ErrorCode.MALFORMED, image.path(), cursor.position(), message);
  }

  private static String aprnCompression(int code) {
    return switch (code) {
      case 0 -> "none";
      case 1, 2 -> "zstd";
      case 3 -> "lz4";
      default -> "unknown " + code;
    };
  }

  private static String aprnType(int code) {
    return switch (code) {
      case 0x01 -> "LinearRegression";
      case 0x02 -> "LogisticRegression";
      case 0x03 -> "DecisionTree";
      case 0x04 -> "RandomForest";
      case 0x05 -> "GradientBoosting";
      case 0x06 -> "KMeans";
      case 0x07 -> "Pca";
      case 0x08 -> "NaiveBayes";
      case 0x09 -> "Knn";
      case 0x0a -> "Svm";
      case 0x10 -> "NgramLm";
      case 0x11 -> "Tfidf";
      case 0x12 -> "CountVectorizer";
      case 0x20 -> "NeuralSequential";
      case 0x21 -> "NeuralCustom";
      case 0x30 -> "ContentRecommender";
      case 0x40 -> "MixtureOfExperts";
      case 0x50 -> "TransformerLM";
      case 0xff -> "Custom";
      default -> String.format("type 0x%04x", code);
    };
  }
}
