package dev.rosetta.formats;

import dev.rosetta.formats.apr.AprFormat;
import dev.rosetta.formats.gguf.GgufFormat;
import dev.rosetta.formats.safetensors.SafeTensorsFormat;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.Vocabulary;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Sparse files of a hundred gigabytes with the tokenizer of a current model, and a program that
 * opens one in a heap of its own.
 */
final class LargeModel {
  static final int TOKENS = 152_064;
  static final int MERGES = 151_387;
  private static final long ELEMENTS = 25L << 30;

  private LargeModel() {}

  /** What the program does with the file. */
  enum Use {
    TENSORS,
    VOCABULARY
  }

  /**
   * Opens {@code args[1]} as the format {@code args[0]}, uses it as {@code args[2]} says, and
   * prints the bytes of heap that remain in use.
   */
  public static void main(String[] args) {
    try (ModelSource source = open(args[0], Path.of(args[1]))) {
      TensorInfo tensor = source.tensors().getFirst();
      if (tensor.elements() != ELEMENTS) {
        throw new IllegalStateException(tensor.toString());
      }
      byte[] last = new byte[16];
      source.read(tensor, tensor.byteSize() - 16, MemorySegment.ofArray(last), 16);
      Vocabulary vocabulary = null;
      if (Use.valueOf(args[2]) == Use.VOCABULARY) {
        vocabulary = source.vocabulary().orElseThrow();
        if (vocabulary.tokens().size() != TOKENS || vocabulary.merges().size() != MERGES) {
          throw new IllegalStateException(
              vocabulary.tokens().size() + " tokens, " + vocabulary.merges().size() + " merges");
        }
      }
      System.gc();
      Runtime runtime = Runtime.getRuntime();
      System.out.println(runtime.totalMemory() - runtime.freeMemory());
      Reference.reachabilityFence(vocabulary);
    }
  }

  private static ModelSource open(String format, Path path) {
    return switch (format) {
      case "gguf" -> new GgufFormat().open(path);
      case "apr" -> new AprFormat().open(path);
      default -> new SafeTensorsFormat().open(path);
    };
  }

  /** Writes one; what is on disk is its directory alone. */
  static Path write(String format, Path folder) throws IOException {
    Path file = folder.resolve("model." + format);
    byte[] directory =
        switch (format) {
          case "gguf" -> gguf();
          case "apr" -> apr();
          default -> safeTensors(folder);
        };
    Files.write(file, directory);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[1]), directory.length + 4 * ELEMENTS - 1);
    }
    return file;
  }

  /** Distinct texts of the lengths that tokens of byte-level vocabularies have. */
  private static String token(int id) {
    return "Ġ" + Integer.toString((id + 36) * 7919, 36);
  }

  private static String merge(int rank) {
    String text = token(rank);
    return text.substring(0, 2) + " " + text.substring(2);
  }

  private static byte[] gguf() {
    ByteBuffer out = ByteBuffer.allocate(16 << 20).order(ByteOrder.LITTLE_ENDIAN);
    out.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3).putLong(1).putLong(3);
    string(out, "tokenizer.ggml.model").putInt(8);
    string(out, "gpt2");
    string(out, "tokenizer.ggml.tokens").putInt(9).putInt(8).putLong(TOKENS);
    IntStream.range(0, TOKENS).forEach(id -> string(out, token(id)));
    string(out, "tokenizer.ggml.merges").putInt(9).putInt(8).putLong(MERGES);
    IntStream.range(0, MERGES).forEach(rank -> string(out, merge(rank)));
    string(out, "t").putInt(1).putLong(ELEMENTS).putInt(0).putLong(0);
    out.position(Math.ceilDiv(out.position(), 32) * 32);
    return java.util.Arrays.copyOf(out.array(), out.position());
  }

  private static ByteBuffer string(ByteBuffer out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return out.putLong(bytes.length).put(bytes);
  }

  private static byte[] apr() {
    byte[] metadata =
        ("{\"architecture\":\"qwen2\",\"tokenizer.vocabulary\":"
                + list(TOKENS, LargeModel::token)
                + ",\"tokenizer.merges\":"
                + list(MERGES, LargeModel::merge)
                + "}")
            .getBytes(StandardCharsets.UTF_8);
    int index = 64 + Math.ceilDiv(metadata.length, 64) * 64;
    ByteBuffer out = ByteBuffer.allocate(index + 64).order(ByteOrder.LITTLE_ENDIAN);
    out.put("APR\0\2\0".getBytes(StandardCharsets.ISO_8859_1)).putShort((short) 0x0400);
    out.putInt(1).putLong(64).putInt(metadata.length).putLong(index).putLong(index + 64);
    out.put(64, metadata);
    out.position(index);
    out.putShort((short) 1).put((byte) 't').put((byte) 0).put((byte) 1).putLong(ELEMENTS);
    out.putLong(0).putLong(4 * ELEMENTS);
    return out.array();
  }

  private static byte[] safeTensors(Path folder) throws IOException {
    String vocabulary =
        IntStream.range(0, TOKENS)
            .mapToObj(id -> "\"" + token(id) + "\":" + id)
            .collect(Collectors.joining(","));
    Files.writeString(
        folder.resolve("tokenizer.json"),
        "{\"version\":\"1.0\",\"added_tokens\":[],\"pre_tokenizer\":{\"type\":\"ByteLevel\","
            + "\"add_prefix_space\":false,\"trim_offsets\":false,\"use_regex\":true},"
            + "\"decoder\":{\"type\":\"ByteLevel\"},"
            + "\"model\":{\"type\":\"BPE\",\"vocab\":{"
            + vocabulary
            + "},\"merges\":"
            + list(MERGES, LargeModel::merge)
            + "}}");
    Files.writeString(folder.resolve("config.json"), "{\"model_type\":\"qwen2\"}");
    byte[] header =
        ("{\"t\":{\"dtype\":\"F32\",\"shape\":["
                + ELEMENTS
                + "],\"data_offsets\":[0,"
                + 4 * ELEMENTS
                + "]}}")
            .getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + header.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length)
        .put(header)
        .array();
  }

  private static String list(int count, java.util.function.IntFunction<String> text) {
    return IntStream.range(0, count)
        .mapToObj(i -> "\"" + text.apply(i) + "\"")
        .collect(Collectors.joining(",", "[", "]"));
  }
}
