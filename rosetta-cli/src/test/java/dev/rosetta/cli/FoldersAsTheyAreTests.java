package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonRequest;
import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.Proof;
import dev.rosetta.RosettaComparator;
import dev.rosetta.Side;
import dev.rosetta.Verdict;
import dev.rosetta.formats.TensorEntry;
import dev.rosetta.formats.safetensors.SafeTensorsWriter;
import dev.rosetta.model.Severity;
import dev.rosetta.testing.TinyDecoder;
import dev.rosetta.testing.TinyDecoder.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole comparisons of checkpoints in the forms in which people have them. */
final class FoldersAsTheyAreTests {
  private static final RosettaComparator COMPARATOR = RosettaComparator.create();
  private static final String HEAD = "lm_head.weight";

  @TempDir Path folder;
  private TinyFiles files;
  private final TinyDecoder llama = TinyDecoder.of("llama", 5);

  @BeforeEach
  void prepare() {
    files = new TinyFiles(folder);
  }

  private static ComparisonReport compare(Path a, Path b) {
    return COMPARATOR.compare(ComparisonRequest.of(a, b).withThreads(2));
  }

  private static void assertMatch(ComparisonReport report) {
    assertEquals(Verdict.MATCH, report.verdict(), () -> report.diagnoses().toString());
    assertTrue(report.points().stream().allMatch(point -> point.local().maxDiff() == 0));
  }

  private static Map<String, Tensor> renamed(
      Map<String, Tensor> tensors, UnaryOperator<String> name) {
    Map<String, Tensor> renamed = new LinkedHashMap<>();
    tensors.forEach((old, tensor) -> renamed.put(name.apply(old), tensor));
    return renamed;
  }

  private Path plain() {
    return files.safeTensors("plain", llama, TinyFiles.entries(llama.tensors()));
  }

  /** The plain model with its config changed by text. */
  private Path withConfig(String name, Map<String, Tensor> tensors, String more) {
    Path path = files.safeTensors(name, llama, TinyFiles.entries(tensors));
    try {
      Path config = path.resolve("config.json");
      String json = Files.readString(config);
      Files.writeString(config, json.substring(0, json.length() - 1) + ", " + more + "}");
      return path;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Diagnosis only(ComparisonReport report, Severity severity) {
    List<Diagnosis> found =
        report.diagnoses().stream().filter(d -> d.severity() == severity).toList();
    assertEquals(1, found.size(), () -> report.diagnoses().toString());
    return found.getFirst();
  }

  @ParameterizedTest
  @ValueSource(strings = {"_orig_mod.", "base_model.model.", "module."})
  void aWrappedCheckpointIsTheModelItWraps(String wrapper) {
    Path wrapped =
        files.safeTensors(
            "wrapped", llama, TinyFiles.entries(renamed(llama.tensors(), name -> wrapper + name)));
    assertMatch(compare(plain(), wrapped));
    Cli.Run inspected = Cli.run("inspect", wrapped);
    assertEquals(0, inspected.exitCode());
    assertTrue(inspected.out().contains("NAMES_WRAPPED"), inspected.out());
    assertEquals(0, Cli.run("diff", plain(), wrapped, "--assert-match").exitCode());
  }

  @Test
  void theOriginalReleaseIsTheModelThatWasConvertedFromIt() throws IOException {
    Map<String, String> modules =
        Map.of(
            "token_embd", "tok_embeddings",
            "output_norm", "norm",
            "attn_q", "attention.wq",
            "attn_k", "attention.wk",
            "attn_v", "attention.wv",
            "attn_output", "attention.wo",
            "attn_norm", "attention_norm",
            "ffn_gate", "feed_forward.w1",
            "ffn_down", "feed_forward.w2",
            "ffn_up", "feed_forward.w3");
    // Rows of Q and K lie as in GGUF: the original code rotates adjacent pairs.
    Map<String, Tensor> original =
        renamed(
            llama.ggufTensors(),
            name -> {
              String stem = name.replaceFirst("^blk\\.\\d+\\.", "").replaceFirst("\\.weight$", "");
              String layer = name.startsWith("blk.") ? "layers." + name.split("\\.")[1] + "." : "";
              return layer + modules.getOrDefault(stem, stem) + ".weight";
            });
    Path release = Files.createDirectory(folder.resolve("release"));
    SafeTensorsWriter.write(
        release.resolve("consolidated.safetensors"), Map.of(), TinyFiles.entries(original));
    Files.writeString(
        release.resolve("params.json"),
        "{\"dim\": 32, \"n_layers\": 2, \"n_heads\": 4, \"n_kv_heads\": 2, \"vocab_size\": -1,"
            + " \"norm_eps\": 1e-05, \"rope_theta\": 10000.0}");
    assertMatch(compare(plain(), release));
    assertMatch(compare(release, files.gguf("converted", llama)));
    assertEquals(0, Cli.run("diff", plain(), release, "--assert-match").exitCode());
    Cli.Run inspected = Cli.run("inspect", release);
    assertEquals(0, inspected.exitCode());
    assertTrue(inspected.out().contains("ORIGINAL_ROW_ORDER"), inspected.out());
  }

  @Test
  void weightsWithoutAConfigAreRefusedForThatReasonFirst() throws IOException {
    Path bare = plain();
    Files.delete(bare.resolve("config.json"));
    Cli.Run run = Cli.run("compare", bare, bare);
    assertEquals(3, run.exitCode());
    assertTrue(run.err().contains("there is no config.json; put the model's own"), run.err());
  }

  @Test
  void tensorsThatShardedTrainingLeftEmptyAreOneDiagnosis() {
    Map<String, Tensor> empty = new LinkedHashMap<>();
    llama.tensors().keySet().forEach(n -> empty.put(n, new Tensor(List.of(0L), new float[0])));
    Path path = files.safeTensors("empty", llama, TinyFiles.entries(empty));
    for (ComparisonReport report : List.of(compare(plain(), path), compare(path, plain()))) {
      assertEquals(Verdict.DIVERGED, report.verdict());
      Diagnosis diagnosis = only(report, Severity.ERROR);
      assertEquals(DiagnosisCode.SHAPE_MISMATCH, diagnosis.code());
      assertTrue(diagnosis.message().contains("ZeRO-3"), diagnosis.message());
      assertTrue(diagnosis.fix().contains("gathered"), diagnosis.fix());
    }
  }

  @Test
  void twoThetasInOneConfigAreToldWhetherOrNotTheOtherSideAgrees() {
    String five = "\"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 500000.0}";
    Path twice = withConfig("twice", llama.tensors(), five);
    ComparisonReport parts = compare(plain(), twice);
    assertEquals(Verdict.DIVERGED, parts.verdict());
    assertEquals(DiagnosisCode.CONFIG_MISMATCH, only(parts, Severity.ERROR).code());
    assertEquals("rope_theta", only(parts, Severity.ERROR).subject());
    Path gguf =
        files.gguf(
            "five",
            llama,
            TinyFiles.entries(llama.ggufTensors()),
            Map.of("llama.rope.freq_base", 5e5));
    ComparisonReport agrees = compare(gguf, twice);
    assertMatch(agrees);
    for (ComparisonReport report : List.of(parts, agrees)) {
      Diagnosis told = only(report, Severity.WARNING);
      assertEquals("rope_theta", told.subject());
      assertEquals(Side.B, told.side());
      assertTrue(told.message().contains("transformers 4"), told.message());
    }
  }

  private Path tiedWithHead(String name) {
    Path path = files.safeTensors(name, llama, TinyFiles.entries(llama.tensors()));
    try {
      Path config = path.resolve("config.json");
      Files.writeString(
          config,
          Files.readString(config)
              .replace("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true"));
      return path;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void aTiedFlagBesideAHeadOfItsOwnIsToldWhereBothSidesHaveIt() {
    ComparisonReport both = compare(tiedWithHead("x"), tiedWithHead("y"));
    assertMatch(both);
    List<Diagnosis> told =
        both.diagnoses().stream().filter(d -> d.severity() == Severity.WARNING).toList();
    assertEquals(List.of(Side.A, Side.B), told.stream().map(Diagnosis::side).toList());
    assertEquals("tied_embeddings", told.getFirst().subject());
    assertTrue(
        told.getFirst().message().contains("transformers 5 and llama.cpp use that head"),
        told.getFirst().message());
  }

  @Test
  void aTiedFlagOnOneSideOnlyIsAFaultThatSaysWhoDropsTheHead() {
    ComparisonReport one = compare(tiedWithHead("x"), files.gguf("untied", llama));
    assertEquals(Verdict.DIVERGED, one.verdict());
    Diagnosis fault = only(one, Severity.ERROR);
    assertEquals(DiagnosisCode.CONFIG_MISMATCH, fault.code());
    assertEquals("tied_embeddings", fault.subject());
    assertTrue(fault.message().contains("transformers 4 drops it"), fault.message());
    assertTrue(fault.fix().startsWith("state that the head is not tied"), fault.fix());
  }

  @Test
  void aHeadThatTheOtherSideDroppedForItsEmbeddingIsProvenToBeThat() {
    Map<String, Tensor> without = new LinkedHashMap<>(llama.tensors());
    without.remove(HEAD);
    List<TensorEntry> entries = TinyFiles.entries(without);
    Path tied = files.safeTensors("tied", llama, entries);
    try {
      Path config = tied.resolve("config.json");
      Files.writeString(
          config, Files.readString(config).replace("embeddings\": false", "embeddings\": true"));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    ComparisonReport report = compare(tiedWithHead("x"), tied);
    assertEquals(Verdict.DIVERGED, report.verdict());
    Diagnosis fault = only(report, Severity.ERROR);
    assertEquals(DiagnosisCode.CONFIG_MISMATCH, fault.code());
    assertEquals("tied_embeddings", fault.subject());
    assertEquals(Side.A, fault.side());
    assertEquals(Proof.PROVEN, fault.proof());
  }
}
