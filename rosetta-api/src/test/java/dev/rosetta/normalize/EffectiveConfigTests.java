package dev.rosetta.normalize;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ConfigValue.Origin;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Severity;
import dev.rosetta.testing.MemorySource;
import dev.rosetta.testing.TinyDecoder;
import java.math.BigInteger;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class EffectiveConfigTests {
  private static final MetadataDialect GGUF = MetadataDialect.GGUF;
  private static final MetadataDialect HF = MetadataDialect.HUGGING_FACE;
  private static final MetadataDialect APR = MetadataDialect.APR;

  private static MemorySource source(String family, MetadataDialect dialect) {
    return TinyDecoder.of(family, 1).source(dialect);
  }

  private static Model model(MemorySource source) {
    return Normalizer.normalize(source, MemorySource.codecs());
  }

  private static Object value(MemorySource source, ConfigField field) {
    return model(source).config().field(field).value();
  }

  private static Origin origin(MemorySource source, ConfigField field) {
    return model(source).config().field(field).origin();
  }

  private static ErrorCode refusal(MemorySource source) {
    return assertThrows(ModelException.class, () -> model(source)).code();
  }

  private static void assertConflict(MemorySource source, ConfigField field) {
    assertTrue(
        model(source).findings().stream()
            .anyMatch(
                finding ->
                    finding.code() == DiagnosisCode.CONFIG_SHAPE_CONFLICT
                        && finding.severity() == Severity.ERROR
                        && finding.subject().equals(field.label())),
        () -> model(source).findings().toString());
  }

  static Stream<List<Object>> everyFamilyAndDialect() {
    return Stream.of("llama", "qwen2", "qwen3")
        .flatMap(
            family -> Stream.of(MetadataDialect.values()).map(dialect -> List.of(family, dialect)));
  }

  @ParameterizedTest
  @MethodSource("everyFamilyAndDialect")
  void aCompleteStatementIsTakenAsItIs(List<Object> which) {
    String family = (String) which.getFirst();
    Model model = model(source(family, (MetadataDialect) which.getLast()));
    assertEquals(List.of(), model.findings());
    assertEquals(List.of(), model.unused());
    assertEquals(family, model.config().architecture());
    assertEquals(TinyDecoder.LAYERS, model.config().layers());
    assertEquals(TinyDecoder.HIDDEN, model.config().hiddenSize());
    assertEquals(TinyDecoder.FFN, model.config().intermediateSize());
    assertEquals(TinyDecoder.HEADS, model.config().heads());
    assertEquals(TinyDecoder.KV_HEADS, model.config().kvHeads());
    assertEquals(family.equals("qwen3") ? 16 : 8, model.config().headDim());
    assertEquals(TinyDecoder.VOCABULARY, model.config().vocabSize());
    assertEquals(1e-5, model.config().rmsNormEps());
    assertEquals(1e4, model.config().ropeTheta());
    assertEquals(family.equals("qwen2"), model.config().tiedEmbeddings());
    assertEquals(1 / Math.sqrt(model.config().headDim()), model.config().attentionScale());
    for (ConfigField field : List.of(ConfigField.NUM_HEADS, ConfigField.RMS_NORM_EPS)) {
      assertEquals(Origin.STATED, model.config().field(field).origin());
    }
  }

  @Test
  void sizesThatAreNotStatedFollowFromTheTensors() {
    MemorySource source =
        source("llama", GGUF)
            .forget("llama.block_count")
            .forget("llama.embedding_length")
            .forget("llama.feed_forward_length")
            .forget("llama.attention.head_count_kv")
            .forget("llama.vocab_size");
    Model model = model(source);
    assertEquals(List.of(), model.findings());
    assertEquals(TinyDecoder.LAYERS, model.config().layers());
    assertEquals(TinyDecoder.HIDDEN, model.config().hiddenSize());
    assertEquals(TinyDecoder.FFN, model.config().intermediateSize());
    assertEquals(TinyDecoder.KV_HEADS, model.config().kvHeads());
    assertEquals(TinyDecoder.VOCABULARY, model.config().vocabSize());
    assertEquals(Origin.DERIVED, origin(source, ConfigField.NUM_KV_HEADS));
  }

  @Test
  void headDimIsIndependentOfTheHiddenSize() {
    MemorySource unstated = source("qwen3", HF).forget("head_dim");
    assertEquals(16L, value(unstated, ConfigField.HEAD_DIM));
    assertEquals(Origin.DERIVED, origin(unstated, ConfigField.HEAD_DIM));
  }

  @ParameterizedTest
  @CsvSource({
    "block_count, NUM_LAYERS",
    "embedding_length, HIDDEN_SIZE",
    "feed_forward_length, INTERMEDIATE_SIZE",
    "attention.head_count, NUM_HEADS",
    "attention.head_count_kv, NUM_KV_HEADS",
    "vocab_size, VOCAB_SIZE",
  })
  void aStatementThatContradictsTheShapesIsAFinding(String key, ConfigField field) {
    MemorySource healthy = source("llama", GGUF);
    Object truth = value(healthy, field);
    MemorySource wrong = source("llama", GGUF).state("llama." + key, 1L + (long) truth);
    if (field == ConfigField.NUM_LAYERS) {
      // What is stated is kept: the tensors of the last layer are then missing.
      assertEquals(1L + (long) truth, value(wrong, field));
    } else {
      assertEquals(truth, value(wrong, field));
    }
    assertConflict(wrong, field);
  }

  @Test
  void aListPerLayerIsTakenWhereItIsUniform() {
    assertEquals(
        2L,
        value(
            source("llama", GGUF).state("llama.attention.head_count_kv", List.of(2L, 2L)),
            ConfigField.NUM_KV_HEADS));
    assertEquals(
        ErrorCode.UNSUPPORTED_ARCHITECTURE,
        refusal(source("llama", GGUF).state("llama.attention.head_count_kv", List.of(2L, 1L))));
    assertEquals(
        ErrorCode.MALFORMED,
        refusal(source("llama", GGUF).state("llama.attention.head_count_kv", List.of())));
  }

  static Stream<Object> nonsense() {
    return Stream.of(
        0L,
        -1L,
        1L << 31,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        BigInteger.TWO.pow(64),
        32.0,
        "32",
        true);
  }

  @ParameterizedTest
  @MethodSource("nonsense")
  void sizesThatAreNoSizesAreRefused(Object size) {
    for (String key :
        List.of(
            "block_count",
            "embedding_length",
            "feed_forward_length",
            "attention.head_count",
            "attention.head_count_kv",
            "attention.key_length")) {
      assertEquals(
          ErrorCode.MALFORMED,
          refusal(source("llama", GGUF).state("llama." + key, size)),
          key + " = " + size);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
  void realNumbersMustBeFiniteAndPositive(double number) {
    assertEquals(ErrorCode.MALFORMED, refusal(source("llama", HF).state("rms_norm_eps", number)));
    assertEquals(ErrorCode.MALFORMED, refusal(source("llama", HF).state("rope_theta", number)));
    assertEquals(ErrorCode.MALFORMED, refusal(source("llama", HF).state("rope_theta", "1e4")));
  }

  @ParameterizedTest
  @CsvSource({
    "n_layers, num_layers",
    "hidden_dim, hidden_size",
    "d_model, hidden_size",
    "ffn_dim, intermediate_size",
    "n_heads, num_heads",
    "num_attention_heads, num_heads",
    "n_kv_heads, num_kv_heads",
    "num_key_value_heads, num_kv_heads",
    "hf_config/num_attention_heads, num_heads",
    "model.num_heads, num_heads",
    "model_config/num_attention_heads, num_heads",
  })
  void aprHasManySpellingsOfAField(String alias, String canonical) {
    MemorySource source = source("llama", APR);
    Object value = source.metadata().value(canonical).orElseThrow();
    source.forget(canonical);
    String[] steps = alias.split("/", -1);
    source.state(steps[0], steps.length == 1 ? value : MemorySource.object(steps[1], value));
    Model model = model(source);
    assertEquals(List.of(), model.findings());
    ConfigField field = ConfigField.valueOf(canonical.toUpperCase(java.util.Locale.ROOT));
    assertEquals(value, model.config().field(field).value());
    assertEquals(Origin.STATED, model.config().field(field).origin());
    assertEquals(alias, model.config().field(field).detail());
  }

  @Test
  void rotatingPartOfAHeadIsRefused() {
    assertEquals(8L, value(withRotary(8L), ConfigField.HEAD_DIM));
    assertEquals(ErrorCode.UNSUPPORTED_ARCHITECTURE, refusal(withRotary(4L)));
    assertEquals(
        ErrorCode.UNSUPPORTED_ARCHITECTURE,
        refusal(source("llama", HF).state("partial_rotary_factor", 0.5)));
    assertEquals(
        List.of(), model(source("llama", HF).state("partial_rotary_factor", 1.0)).findings());
  }

  private static MemorySource withRotary(long dimensions) {
    return source("llama", GGUF).state("llama.rope.dimension_count", dimensions);
  }

  @Test
  void anArchitectureThatIsNotKnownIsRefused() {
    assertEquals(
        ErrorCode.UNSUPPORTED_ARCHITECTURE,
        refusal(source("llama", GGUF).state("general.architecture", "gemma")));
    assertEquals(
        ErrorCode.UNSUPPORTED_ARCHITECTURE,
        refusal(source("llama", HF).state("model_type", "mixtral")));
    assertEquals(
        ErrorCode.UNSUPPORTED_ARCHITECTURE, refusal(new MemorySource(HF).add("x", List.of(1L), 1)));
    assertEquals(
        ErrorCode.UNSUPPORTED_ARCHITECTURE,
        refusal(source("llama", HF).state("hidden_act", "gelu")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2", "qwen3"})
  void aFamilyThatIsNotStatedFollowsFromTheTensors(String family) {
    MemorySource source = source(family, APR).state("architecture", "auto");
    assertEquals(family, value(source, ConfigField.ARCHITECTURE));
    assertEquals(Origin.DERIVED, origin(source, ConfigField.ARCHITECTURE));
  }

  @ParameterizedTest
  @EnumSource(MetadataDialect.class)
  void headsMustBeMultiplesOfKvHeads(MetadataDialect dialect) {
    TinyDecoder tiny = TinyDecoder.of("llama", 1);
    long three = 3L * tiny.headDim();
    MemorySource source = tiny.source(dialect);
    List<Long> dims =
        dialect == GGUF
            ? List.of((long) TinyDecoder.HIDDEN, three)
            : List.of(three, (long) TinyDecoder.HIDDEN);
    String prefix = dialect == GGUF ? "blk.0.attn_k" : "model.layers.0.self_attn.k_proj";
    source.remove(prefix + ".weight");
    MemorySource wrong = new MemorySource(dialect);
    source.metadata().keys().forEach(k -> wrong.state(k, source.metadata().value(k).orElseThrow()));
    wrong.add(prefix + ".weight", dims, new float[(int) (three * TinyDecoder.HIDDEN)]);
    source
        .tensors()
        .forEach(t -> wrong.add(t.name(), t.type(), t.dims(), 1, source.bytes(t.name())));
    assertEquals(ErrorCode.CONFIG_SHAPE_CONFLICT, refusal(wrong));
  }

  @Test
  void aHeadThatIsPromisedButAbsentIsMissing() {
    Model model = model(source("llama", HF).remove("lm_head.weight"));
    assertTrue(
        model.findings().stream()
            .anyMatch(
                f ->
                    f.code() == DiagnosisCode.TENSOR_MISSING
                        && f.subject().equals("output.weight")));
  }

  @Test
  void qwenSlidesItsWindowOnlyWhereToldTo() {
    MemorySource qwen = source("qwen2", HF).state("sliding_window", 4096L);
    assertEquals(0L, value(qwen, ConfigField.SLIDING_WINDOW));
    assertEquals(0L, value(qwen.state("use_sliding_window", false), ConfigField.SLIDING_WINDOW));
    assertEquals(4096L, value(qwen.state("use_sliding_window", true), ConfigField.SLIDING_WINDOW));
    assertEquals(
        4096L,
        value(
            source("llama", HF).state("model_type", "mistral").state("sliding_window", 4096L),
            ConfigField.SLIDING_WINDOW));
  }

  @ParameterizedTest
  @ValueSource(longs = {4097, 60_000, 1L << 26})
  void moreLayersThanAnyModelHasAreRefusedBeforeAnythingIsMadeOfThem(long layers) {
    assertEquals(
        ErrorCode.LIMIT_EXCEEDED,
        refusal(source("llama", GGUF).state("llama.block_count", layers)));
    assertEquals(
        ErrorCode.LIMIT_EXCEEDED, refusal(source("qwen3", HF).state("num_hidden_layers", layers)));
  }

  static Stream<List<Object>> sizesThatNoModelHas() {
    return Stream.of(
            "block_count",
            "embedding_length",
            "feed_forward_length",
            "attention.head_count",
            "attention.head_count_kv",
            "attention.key_length",
            "rope.dimension_count",
            "attention.layer_norm_rms_epsilon",
            "rope.freq_base")
        .flatMap(
            key ->
                Stream.of(
                        0L,
                        -1L,
                        3L,
                        Long.MIN_VALUE,
                        1L << 31,
                        Long.MAX_VALUE,
                        BigInteger.TWO.pow(64),
                        Double.NaN,
                        Double.POSITIVE_INFINITY,
                        -0.0,
                        "8",
                        true,
                        List.of(),
                        List.of(0L, 0L),
                        List.of(List.of()))
                    .map(value -> List.of(key, value)));
  }

  /** Divided by, allocated by or counted to, each of these has ended a reader of other making. */
  @ParameterizedTest
  @MethodSource("sizesThatNoModelHas")
  void aSizeThatNoModelHasIsRefusedOrReported(List<Object> which) {
    String key = (String) which.getFirst();
    MemorySource source = source("llama", GGUF).state("llama." + key, which.getLast());
    try {
      Model model = model(source);
      boolean number = which.getLast() instanceof Number;
      boolean ignored = key.equals("rope.dimension_count");
      boolean real = key.equals("rope.freq_base") || key.endsWith("epsilon");
      assertTrue(ignored || real && number || !model.findings().isEmpty(), () -> which.toString());
    } catch (ModelException e) {
      assertTrue(
          e.getMessage().length() < 600
              && e.getMessage().chars().noneMatch(Character::isISOControl),
          e.getMessage());
    }
  }
}
