package dev.rosetta.bench;

import static dev.rosetta.DiagnosisCode.*;

import dev.rosetta.bench.Draft.Format;
import dev.rosetta.bench.Fault.Expected;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Mistakes of the whole file: inventory, shapes, config, tokenizer, damage. */
final class ModelFaults {
  private ModelFaults() {}

  static List<Fault> all() {
    return List.of(
        Fault.plain("tensor missing", ModelFaults::missing),
        Fault.plain("norm missing", ModelFaults::missingNorm),
        Fault.plain("head missing", ModelFaults::missingHead),
        Fault.plain("bias missing", ModelFaults::missingBias),
        Fault.plain("last layer missing", ModelFaults::missingLayer),
        Fault.plain("rows missing", ModelFaults::missingRows),
        Fault.plain("rope_theta", (d, o, r) -> real(d, r, "rope_theta")),
        Fault.plain("rms_norm_eps", (d, o, r) -> real(d, r, "rms_norm_eps")),
        Fault.plain("rope_style", ModelFaults::ropeStyle),
        Fault.plain("rope_scaling", ModelFaults::ropeScaling),
        Fault.plain("sliding_window", ModelFaults::slidingWindow),
        Fault.plain(
            "num_kv_heads",
            (d, o, r) -> size(d, "num_key_value_heads", v -> v * 2, "num_kv_heads")),
        Fault.plain(
            "num_heads",
            (d, o, r) -> size(d, "num_attention_heads", v -> v * 2, "num_heads", "head_dim")),
        Fault.plain(
            "head_dim",
            (d, o, r) -> size(d, "head_dim", v -> v / 2, "num_heads", "head_dim", "num_kv_heads")),
        Fault.plain("vocab_size", (d, o, r) -> size(d, "vocab_size", v -> v + 8, "vocab_size")),
        Fault.plain("hidden_size", (d, o, r) -> size(d, "hidden_size", v -> v + 32, "hidden_size")),
        Fault.plain(
            "intermediate_size",
            (d, o, r) -> size(d, "intermediate_size", v -> v - 32, "intermediate_size")),
        Fault.plain(
            "num_layers", (d, o, r) -> size(d, "num_hidden_layers", v -> v - 1, "num_layers")),
        Fault.plain("tied_embeddings", ModelFaults::tied),
        Fault.plain("tokens exchanged", ModelFaults::tokens),
        Fault.plain("merges lost", ModelFaults::merges),
        Fault.plain("pre-tokenizer", ModelFaults::preTokenizer),
        Fault.plain("BOS added", ModelFaults::bos),
        Fault.plain("vocabulary cut off", ModelFaults::fewerTokens),
        Fault.plain("end-of-text id", ModelFaults::endOfText),
        Fault.plain("attention_scale", ModelFaults::attentionScale),
        Fault.plain("architecture", ModelFaults::architecture),
        Fault.plain("tensors share bytes", ModelFaults::sharedBytes),
        Fault.plain("name given twice", ModelFaults::nameTwice),
        Fault.plain("header damaged", ModelFaults::damagedHeader),
        Fault.plain("file cut off", ModelFaults::truncated),
        Fault.plain("offset out of bounds", ModelFaults::outOfBounds),
        Fault.plain("checksum", ModelFaults::checksum));
  }

  private static Expected missing(Draft draft, ElementType opposite, Random random) {
    TensorRole role = ValueFaults.matrix(draft, random);
    draft.remove(role);
    return Expected.of(role, TENSOR_MISSING);
  }

  private static Expected missingNorm(Draft draft, ElementType opposite, Random random) {
    List<TensorRole> norms = draft.roles().stream().filter(r -> r.part().isVector()).toList();
    TensorRole role = norms.get(random.nextInt(norms.size()));
    draft.remove(role);
    return Expected.of(role, TENSOR_MISSING);
  }

  private static @Nullable Expected missingHead(Draft draft, ElementType opposite, Random random) {
    TensorRole head = TensorRole.weight(Part.OUTPUT);
    if (draft.headIsEmbedding()) {
      return null;
    }
    draft.remove(head);
    Expected expected = Expected.of(head, TENSOR_MISSING, CONFIG_MISMATCH);
    expected.subjects().add("tied_embeddings");
    return expected.lost();
  }

  private static @Nullable Expected missingBias(Draft draft, ElementType opposite, Random random) {
    if (!draft.shape().hasBias()) {
      return null;
    }
    Part[] parts = {Part.Q, Part.K, Part.V};
    TensorRole role = TensorRole.bias(parts[random.nextInt(3)], ValueFaults.layer(draft, random));
    draft.remove(role);
    return Expected.of(role, BIAS_MISSING);
  }

  private static Expected missingLayer(Draft draft, ElementType opposite, Random random) {
    int last = draft.shape().layers() - 1;
    draft.roles().stream().filter(role -> role.layer() == last).forEach(draft::remove);
    // The config still counts the layer, so it is the config that the tensors contradict.
    return Expected.field(CONFIG_SHAPE_CONFLICT, "num_layers");
  }

  private static Expected missingRows(Draft draft, ElementType opposite, Random random) {
    TensorRole role = TensorRole.weight(Part.V, ValueFaults.layer(draft, random));
    draft.edit(
        role,
        t -> {
          int rows = t.rows() - 2;
          byte[] fewer = Arrays.copyOf(t.bytes(), rows * t.rowBytes());
          return t.withBytes(fewer).withDims(List.of((long) rows, (long) t.columns()));
        });
    return Expected.of(role, SHAPE_MISMATCH).lost();
  }

  private static Expected real(Draft draft, Random random, String key) {
    double factor = random.nextBoolean() ? 10 : 0.1;
    draft.settings().set(key, draft.settings().real(key) * factor);
    return Expected.field(CONFIG_MISMATCH, key).proven();
  }

  private static @Nullable Expected ropeStyle(Draft draft, ElementType opposite, Random random) {
    if (draft.format() != Format.APR || !draft.shape().hasBias()) {
      return null;
    }
    draft.settings().set("rope_type", 0L);
    return Expected.field(CONFIG_MISMATCH, "rope_style").proven();
  }

  private static Expected ropeScaling(Draft draft, ElementType opposite, Random random) {
    draft.settings().set("linear_factor", 2.0 + random.nextInt(6));
    return Expected.field(CONFIG_MISMATCH, "rope_scaling").proven();
  }

  private static @Nullable Expected slidingWindow(
      Draft draft, ElementType opposite, Random random) {
    if (draft.format() != Format.GGUF) {
      return null;
    }
    draft.settings().set("sliding_window", 4L);
    return Expected.field(CONFIG_MISMATCH, "sliding_window").proven();
  }

  private static @Nullable Expected size(
      Draft draft, String key, UnaryOperator<Long> change, String... fields) {
    draft.settings().set(key, change.apply(draft.settings().whole(key)));
    return Expected.field(CONFIG_SHAPE_CONFLICT, fields);
  }

  private static @Nullable Expected tied(Draft draft, ElementType opposite, Random random) {
    if (draft.format() != Format.SAFETENSORS || draft.headIsEmbedding()) {
      return null;
    }
    draft.settings().set("tie_word_embeddings", true);
    return Expected.field(CONFIG_MISMATCH, "tied_embeddings");
  }

  private static @Nullable Expected tokens(Draft draft, ElementType opposite, Random random) {
    if (!draft.settings().hasTokenizer()) {
      return null;
    }
    List<String> tokens = draft.settings().tokens;
    int one = random.nextInt(200);
    String kept = tokens.get(one);
    tokens.set(one, tokens.get(one + 5));
    tokens.set(one + 5, kept);
    return Expected.file(TOKENIZER_MISMATCH);
  }

  private static @Nullable Expected merges(Draft draft, ElementType opposite, Random random) {
    if (!draft.settings().hasTokenizer()) {
      return null;
    }
    List<String> merges = draft.settings().merges;
    merges.remove(random.nextInt(merges.size()));
    return Expected.file(TOKENIZER_MISMATCH);
  }

  private static @Nullable Expected preTokenizer(Draft draft, ElementType opposite, Random random) {
    if (!draft.settings().hasTokenizer()) {
      return null;
    }
    draft.settings().preTokenizer = "llama-bpe";
    return Expected.file(TOKENIZER_MISMATCH);
  }

  private static @Nullable Expected bos(Draft draft, ElementType opposite, Random random) {
    if (!draft.settings().hasTokenizer()) {
      return null;
    }
    draft.settings().addBos = true;
    return Expected.file(TOKENIZER_MISMATCH);
  }

  private static @Nullable Expected fewerTokens(Draft draft, ElementType opposite, Random random) {
    if (!draft.settings().hasTokenizer()) {
      return null;
    }
    List<String> tokens = draft.settings().tokens;
    tokens.subList(tokens.size() - 3, tokens.size()).clear();
    draft
        .settings()
        .merges
        .subList(draft.settings().merges.size() - 3, draft.settings().merges.size())
        .clear();
    return Expected.file(TOKENIZER_MISMATCH);
  }

  private static @Nullable Expected endOfText(Draft draft, ElementType opposite, Random random) {
    if (!draft.settings().hasTokenizer()) {
      return null;
    }
    draft.settings().endOfText = random.nextInt(200);
    return Expected.file(TOKENIZER_MISMATCH);
  }

  private static @Nullable Expected attentionScale(
      Draft draft, ElementType opposite, Random random) {
    if (draft.format() != Format.GGUF) {
      return null;
    }
    draft.settings().set("attention_scale", 1.0 / draft.shape().headDim());
    return Expected.field(CONFIG_MISMATCH, "attention_scale").proven();
  }

  /** Llama and qwen2 without biases differ in the order of Q and K rows alone. */
  private static @Nullable Expected architecture(Draft draft, ElementType opposite, Random random) {
    if (draft.format() == Format.GGUF || draft.shape().hasQkNorm()) {
      return null;
    }
    draft.settings().architecture = draft.shape().isLlama() ? "qwen2" : "llama";
    return Expected.field(CONFIG_MISMATCH, "architecture");
  }

  private static Expected truncated(Draft draft, ElementType opposite, Random random) {
    int bytes = 200 + random.nextInt(4000);
    draft.editFile(
        path -> {
          try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(file.length() - bytes);
          }
        });
    return Expected.file(FILE_TRUNCATED, TENSOR_OUT_OF_BOUNDS);
  }

  /** The offset field of one tensor in GGUF's directory, moved far beyond the file. */
  private static @Nullable Expected outOfBounds(Draft draft, ElementType opposite, Random random) {
    if (draft.format() != Format.GGUF) {
      return null;
    }
    TensorRole role = TensorRole.weight(Part.FFN_UP, ValueFaults.layer(draft, random));
    String name = "blk." + role.layer() + ".ffn_up.weight";
    draft.editFile(
        path -> {
          try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            long at = positionAfter(file, name);
            // Two dims and a type stand between the name and the offset.
            file.seek(at + 4 + 2 * 8 + 4 + 5);
            file.write(1);
          }
        });
    return Expected.of(role, TENSOR_OUT_OF_BOUNDS, FILE_TRUNCATED).lost();
  }

  /** The offset of one tensor is that of the file's first. */
  private static @Nullable Expected sharedBytes(Draft draft, ElementType opposite, Random random) {
    if (draft.format() != Format.GGUF) {
      return null;
    }
    TensorRole role = TensorRole.weight(Part.FFN_UP, ValueFaults.layer(draft, random));
    String name = "blk." + role.layer() + ".ffn_up.weight";
    draft.editFile(
        path -> {
          try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.seek(positionAfter(file, name) + 4 + 2 * 8 + 4);
            file.write(new byte[8]);
          }
        });
    return Expected.of(role, TENSOR_OUT_OF_BOUNDS, DATA_SHIFTED).lost();
  }

  private static @Nullable Expected nameTwice(Draft draft, ElementType opposite, Random random) {
    if (draft.format() != Format.GGUF) {
      return null;
    }
    draft.editFile(
        path -> {
          try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            String name = "blk.1.ffn_up.weight";
            file.seek(positionAfter(file, name) - name.length());
            file.write("blk.0.ffn_up.weight".getBytes(StandardCharsets.ISO_8859_1));
          }
        });
    return Expected.file(TENSOR_DUPLICATED, TENSOR_MISSING);
  }

  /** A flag that nothing uses; only the header's checksum tells. */
  private static @Nullable Expected damagedHeader(
      Draft draft, ElementType opposite, Random random) {
    if (draft.format() != Format.APR) {
      return null;
    }
    draft.editFile(
        path -> {
          try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.seek(40);
            int old = file.read();
            file.seek(40);
            file.write(old ^ 1);
          }
        });
    return Expected.file(CHECKSUM_MISMATCH);
  }

  private static long positionAfter(RandomAccessFile file, String name) throws IOException {
    byte[] start = new byte[(int) Math.min(file.length(), 1 << 17)];
    file.seek(0);
    file.readFully(start);
    int at = new String(start, StandardCharsets.ISO_8859_1).indexOf(name);
    if (at < 0) {
      throw new IOException("no tensor named " + name + " in the directory");
    }
    return at + name.length();
  }

  /** One bit of an APR file's last tensor, behind the checksum's back. */
  private static @Nullable Expected checksum(Draft draft, ElementType opposite, Random random) {
    if (draft.format() != Format.APR) {
      return null;
    }
    draft.editFile(path -> flipBit(path, 400));
    return Expected.file(CHECKSUM_MISMATCH, VALUES_CORRUPTED);
  }

  private static void flipBit(Path path, long beforeEnd) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      long at = file.length() - beforeEnd;
      file.seek(at);
      int old = file.read();
      file.seek(at);
      file.write(old ^ 8);
    }
  }
}
