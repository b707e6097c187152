package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonRequest;
import dev.rosetta.RosettaComparator;
import dev.rosetta.Verdict;
import dev.rosetta.formats.TensorEntry;
import dev.rosetta.formats.safetensors.SafeTensorsWriter;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.SourceNote;
import dev.rosetta.testing.MemorySource;
import dev.rosetta.testing.TinyDecoder;
import dev.rosetta.testing.TinyDecoder.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A base with an adapter applied in memory, against the model that merging the two gives. */
final class LoraTests {
  private static final RosettaComparator COMPARATOR = RosettaComparator.create();
  private static final String Q = "self_attn.q_proj";
  private static final String DOWN = "mlp.down_proj";

  @TempDir Path folder;
  private TinyFiles files;
  private final TinyDecoder llama = TinyDecoder.of("llama", 5);

  @BeforeEach
  void prepare() {
    files = new TinyFiles(folder);
  }

  /** Factors of Q and of the down projection in both layers. */
  private final class Adapter {
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final Map<String, Tensor> merged = new LinkedHashMap<>(llama.tensors());
    private final Random random = new Random(11);

    /** Adds factors to a module and {@code scale · B A} to its merged weight. */
    Adapter on(String module, int rank, double scale, String suffix) {
      String weight = module + ".weight";
      Tensor base = llama.tensors().get(weight);
      int out = base.dims().get(0).intValue();
      int in = base.dims().get(1).intValue();
      float[] a = random(rank * in);
      float[] b = random(out * rank);
      float[] values = base.values().clone();
      for (int row = 0; row < out; row++) {
        for (int column = 0; column < in; column++) {
          double sum = 0;
          for (int k = 0; k < rank; k++) {
            sum += (double) b[row * rank + k] * a[k * in + column];
          }
          values[row * in + column] += (float) (scale * sum);
        }
      }
      merged.put(weight, new Tensor(base.dims(), values));
      String name = "base_model.model." + module;
      tensors.put(name + ".lora_A" + suffix, new Tensor(List.of((long) rank, (long) in), a));
      tensors.put(name + ".lora_B" + suffix, new Tensor(List.of((long) out, (long) rank), b));
      return this;
    }

    Adapter everywhere(int rank, double scale) {
      for (int layer = 0; layer < TinyDecoder.LAYERS; layer++) {
        on("model.layers." + layer + "." + Q, rank, scale, ".weight");
        on("model.layers." + layer + "." + DOWN, rank, scale, ".default.weight");
      }
      return this;
    }

    private float[] random(int count) {
      float[] values = new float[count];
      for (int i = 0; i < count; i++) {
        values[i] = (float) (0.2 * random.nextGaussian());
      }
      return values;
    }

    Path save(String config) {
      return save("adapter", config, TinyFiles.entries(tensors));
    }

    Path save(String name, String config, List<TensorEntry> entries) {
      try {
        Path directory = Files.createDirectories(folder.resolve(name));
        SafeTensorsWriter.write(
            directory.resolve("adapter_model.safetensors"), Map.of("format", "pt"), entries);
        Files.writeString(
            directory.resolve("adapter_config.json"),
            "{\"peft_type\": \"LORA\", \"base_model_name_or_path\": \"org/base\", " + config + "}");
        return directory;
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }

    Path merged() {
      return files.safeTensors("merged", llama, TinyFiles.entries(merged));
    }
  }

  private Path base() {
    return files.safeTensors("base", llama, TinyFiles.entries(llama.tensors()));
  }

  private static ComparisonReport compare(Path base, Path adapter, Path merged) {
    return COMPARATOR.compare(ComparisonRequest.of(base, merged).withLoraA(adapter).withThreads(2));
  }

  private static void assertMatch(ComparisonReport report) {
    assertEquals(Verdict.MATCH, report.verdict(), () -> report.diagnoses().toString());
  }

  private ModelException refusal(String config, List<TensorEntry> entries) {
    Path adapter = new Adapter().save("adapter", config, entries);
    Path base = base();
    return assertThrows(ModelException.class, () -> compare(base, adapter, base));
  }

  private void assertRefused(
      ErrorCode code, String config, List<TensorEntry> entries, String part) {
    ModelException error = refusal(config, entries);
    assertEquals(code, error.code(), error.getMessage());
    assertTrue(error.getMessage().contains(part), error.getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "\"r\": 4, \"lora_alpha\": 8; 2",
        "\"r\": 4, \"lora_alpha\": 8, \"use_rslora\": true; 4",
        "\"r\": 4; 2", // PEFT's default of lora_alpha is 8
        "\"r\": 4, \"lora_alpha\": 8, \"fan_in_fan_out\": true; 2", // of no effect on linear layers
        "\"r\": 16, \"lora_alpha\": 8, \"rank_pattern\": {\"q_proj\": 4, \"down_proj\": 4}; 2",
        "\"r\": 4, \"lora_alpha\": 4, \"alpha_pattern\":"
            + " {\"self_attn.q_proj\": 8, \"^model.layers.0.mlp.down_proj\": 8,"
            + " \"layers\\\\.1\\\\.mlp.down_proj\": 8}; 2",
      })
  void baseAndAdapterAreTheMergedModel(String config, double scale) {
    Adapter adapter = new Adapter().everywhere(4, scale);
    Path merged = adapter.merged();
    assertMatch(compare(base(), adapter.save(config), merged));
    ComparisonReport without =
        COMPARATOR.compare(ComparisonRequest.of(base(), merged).withThreads(2));
    assertEquals(Verdict.DIVERGED, without.verdict());
  }

  @Test
  void anotherAlphaIsNotTheMergedModel() {
    Adapter adapter = new Adapter().everywhere(4, 2);
    assertEquals(
        Verdict.DIVERGED,
        compare(base(), adapter.save("\"r\": 4, \"lora_alpha\": 16"), adapter.merged()).verdict());
  }

  /** What merging rounds, the comparison allows. */
  @Test
  void sixteenBitWeightsAndAnotherFormatOfTheBaseMatchToo() {
    Adapter adapter = new Adapter().everywhere(4, 2);
    Path saved = adapter.save("\"r\": 4, \"lora_alpha\": 8");
    Path halves = files.safeTensors("half", llama, TinyFiles.halves(adapter.merged));
    assertMatch(compare(base(), saved, halves));
    assertMatch(compare(files.gguf("base", llama), saved, adapter.merged()));
    // A base in 16 bits is merged as it was rounded.
    Map<String, Tensor> rounded = new LinkedHashMap<>();
    Map<String, Tensor> merged = new LinkedHashMap<>();
    llama
        .tensors()
        .forEach(
            (name, tensor) -> {
              float[] values = half(tensor).values();
              rounded.put(name, new Tensor(tensor.dims(), values.clone()));
              float[] sum = adapter.merged.get(name).values();
              for (int i = 0; i < values.length; i++) {
                values[i] += sum[i] - tensor.values()[i];
              }
              merged.put(name, new Tensor(tensor.dims(), values));
            });
    assertMatch(
        compare(
            files.safeTensors("base16", llama, TinyFiles.halves(rounded)),
            saved,
            files.safeTensors("merged16", llama, TinyFiles.halves(merged))));
  }

  private static Tensor half(Tensor tensor) {
    float[] values = tensor.values().clone();
    for (int i = 0; i < values.length && tensor.dims().size() > 1; i++) {
      values[i] = Float.float16ToFloat(Float.floatToFloat16(values[i]));
    }
    return new Tensor(tensor.dims(), values);
  }

  @Test
  void fusedModulesTakeTheRowsOfTheirParts() {
    Adapter adapter = new Adapter();
    for (int layer = 0; layer < TinyDecoder.LAYERS; layer++) {
      adapter.on("model.layers." + layer + ".mlp.gate_proj", 2, 4, ".weight");
      adapter.on("model.layers." + layer + ".mlp.up_proj", 2, 4, ".weight");
    }
    // One factor A and the rows of both B: as if gate and up had been one module.
    Map<String, Tensor> fused = new LinkedHashMap<>();
    for (int layer = 0; layer < TinyDecoder.LAYERS; layer++) {
      String prefix = "base_model.model.model.layers." + layer + ".mlp.";
      Tensor a = adapter.tensors.get(prefix + "gate_proj.lora_A.weight");
      Tensor a2 = adapter.tensors.get(prefix + "up_proj.lora_A.weight");
      Tensor b = adapter.tensors.get(prefix + "gate_proj.lora_B.weight");
      Tensor b2 = adapter.tensors.get(prefix + "up_proj.lora_B.weight");
      float[] left = new float[2 * TinyDecoder.FFN * 4];
      for (int row = 0; row < TinyDecoder.FFN; row++) {
        System.arraycopy(b.values(), 2 * row, left, 4 * row, 2);
        System.arraycopy(b2.values(), 2 * row, left, 4 * (TinyDecoder.FFN + row) + 2, 2);
      }
      float[] right = new float[4 * TinyDecoder.HIDDEN];
      System.arraycopy(a.values(), 0, right, 0, a.values().length);
      System.arraycopy(a2.values(), 0, right, a.values().length, a2.values().length);
      fused.put(
          prefix + "gate_up_proj.lora_A.weight",
          new Tensor(List.of(4L, (long) TinyDecoder.HIDDEN), right));
      fused.put(
          prefix + "gate_up_proj.lora_B.weight",
          new Tensor(List.of(2L * TinyDecoder.FFN, 4L), left));
    }
    Path saved = adapter.save("fused", "\"r\": 4, \"lora_alpha\": 16", TinyFiles.entries(fused));
    assertMatch(compare(base(), saved, adapter.merged()));
  }

  @Test
  void theReportAndTheCommandSayThatAnAdapterWasApplied() {
    Adapter adapter = new Adapter().everywhere(4, 2);
    Path saved = adapter.save("\"r\": 4, \"lora_alpha\": 8");
    Path merged = adapter.merged();
    SourceNote note =
        compare(base(), saved, merged).a().notes().stream()
            .filter(n -> n.code().equals("ADAPTER_APPLIED"))
            .findFirst()
            .orElseThrow();
    assertTrue(note.message().endsWith("to 4 weights (ffn_down, q)"), note.message());
    for (String command : List.of("compare", "diff")) {
      assertEquals(
          0, Cli.run(command, base(), merged, "--lora-a", saved, "--assert-match").exitCode());
      assertEquals(
          0, Cli.run(command, merged, base(), "--lora-b", saved, "--assert-match").exitCode());
      assertEquals(
          1, Cli.run(command, merged, base(), "--lora-a", saved, "--assert-match").exitCode());
      Cli.Run output =
          Cli.run(
              command,
              base(),
              merged,
              "--lora-a",
              saved,
              "-o",
              saved.resolve("adapter_config.json"));
      assertEquals(2, output.exitCode(), "a report must not replace the adapter");
    }
    assertEquals(3, Cli.run("compare", base(), saved).exitCode());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"use_dora\": true",
        "\"modules_to_save\": [\"lm_head\"]",
        "\"layer_replication\": [[0, 1]]",
        "\"init_lora_weights\": \"pissa_niter_4\"",
        "\"r\": 4, \"alpha_pattern\": {\".*q_proj\": 8}",
      })
  void moreThanLowRankProductsIsRefusedByItsKey(String config) {
    String key = config.substring(config.lastIndexOf("{") < 0 ? 1 : 9);
    assertRefused(
        ErrorCode.UNSUPPORTED_ADAPTER,
        config,
        TinyFiles.entries(new Adapter().everywhere(4, 2).tensors),
        key.substring(0, key.indexOf('"')));
  }

  @Test
  void tensorsThatAreNoFactorsAndModulesThatAreNoneOfTheBaseAreNamed() {
    Map<String, Tensor> tensors = new Adapter().everywhere(4, 2).tensors;
    Tensor any = new Tensor(List.of(4L, 32L), new float[128]);
    for (String name :
        List.of(
            "base_model.model.model.embed_tokens.lora_embedding_A",
            "base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector.weight",
            "base_model.model.lm_head.weight")) {
      Map<String, Tensor> more = new LinkedHashMap<>(tensors);
      more.put(name, any);
      assertRefused(ErrorCode.UNSUPPORTED_ADAPTER, "\"r\": 4", TinyFiles.entries(more), name);
    }
    for (String module : List.of("model.layers.7.self_attn.q_proj", "transformer.h.0.c_attn")) {
      Map<String, Tensor> more = new LinkedHashMap<>(tensors);
      more.put("base_model.model." + module + ".lora_A.weight", any);
      more.put("base_model.model." + module + ".lora_B.weight", any);
      assertRefused(
          ErrorCode.UNSUPPORTED_ADAPTER,
          "\"r\": 4",
          TinyFiles.entries(more),
          "1 of the adapter's 5 modules are none of");
    }
    assertRefused(
        ErrorCode.TENSOR_MISSING, "\"r\": 4", List.of(), "the adapter holds no lora_A and lora_B");
  }

  @Test
  void factorsOfAnotherShapeOrWithoutTheirOtherAreRefused() {
    Map<String, Tensor> tensors = new Adapter().everywhere(4, 2).tensors;
    assertRefused(ErrorCode.SHAPE_MISMATCH, "\"r\": 8", TinyFiles.entries(tensors), "ask for [8, ");
    List<TensorEntry> half = new ArrayList<>(TinyFiles.entries(tensors));
    half.removeLast();
    assertRefused(ErrorCode.TENSOR_MISSING, "\"r\": 4", half, "only one of lora_A and lora_B");
    half.addAll(TinyFiles.entries(tensors).subList(0, 1));
    TensorEntry first = half.removeLast();
    half.add(
        TensorEntry.of(
            first.name().replace(".lora_A.weight", ".lora_A.other.weight"),
            ElementType.F32,
            first.dims(),
            MemorySource.floats(tensors.get(first.name()).values())));
    assertRefused(ErrorCode.TENSOR_DUPLICATED, "\"r\": 4", half, "are of two adapters");
  }
}
