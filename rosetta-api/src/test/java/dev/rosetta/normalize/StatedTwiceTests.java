package dev.rosetta.normalize;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.Severity;
import dev.rosetta.testing.MemorySource;
import dev.rosetta.testing.TinyDecoder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class StatedTwiceTests {

  private static Model model(MemorySource source) {
    return Normalizer.normalize(source, MemorySource.codecs());
  }

  private static MemorySource llama(MetadataDialect dialect) {
    return TinyDecoder.of("llama", 1).source(dialect);
  }

  private static Finding only(Model model) {
    assertEquals(1, model.findings().size(), model.findings().toString());
    Finding finding = model.findings().getFirst();
    assertEquals(DiagnosisCode.CONFIG_MISMATCH, finding.code());
    assertEquals(Severity.WARNING, finding.severity());
    return finding;
  }

  @Test
  void twoThetasAreToldWithWhoTakesWhich() {
    Model model =
        model(
            llama(MetadataDialect.HUGGING_FACE)
                .state("rope_parameters", Map.of("rope_type", "default", "rope_theta", 5e5)));
    assertEquals(5e5, model.config().ropeTheta());
    Finding finding = only(model);
    assertEquals("rope_theta", finding.subject());
    assertTrue(
        finding
            .message()
            .startsWith("rope_parameters/rope_theta is 500000.0 and rope_theta is 10000.0: "),
        finding.message());
    assertTrue(finding.message().contains("transformers 5"), finding.message());
  }

  @Test
  void otherSpellingsOfAFieldAreHeldAgainstEachOther() {
    Finding heads = only(model(llama(MetadataDialect.HUGGING_FACE).state("n_head", 2L)));
    assertEquals("num_heads", heads.subject());
    assertEquals(
        "num_attention_heads is 4 and n_head is 2: a loader takes the spelling that it knows; here"
            + " it is num_attention_heads, not n_head",
        heads.message());
    Finding apr =
        only(
            model(
                llama(MetadataDialect.APR)
                    .state("hf_config", Map.of("rms_norm_eps", 1e-6, "rope_theta", 10000L))));
    assertEquals("rms_norm_eps", apr.subject());
  }

  @Test
  void whatIsStatedTwiceAlikeIsNothingToTell() {
    MemorySource source =
        llama(MetadataDialect.HUGGING_FACE)
            .state("rope_parameters", Map.of("rope_type", "default", "rope_theta", 10000L))
            .state("norm_eps", (double) 1e-5f)
            .state("n_layers", 2L);
    assertEquals(List.of(), model(source).findings());
  }

  /** Meta's code, not its params.json, has the numbers; that of Llama 3.2 differs. */
  @Test
  void scalingOfAnOriginalReleaseWithoutItsFactorIsTold() {
    MemorySource source = llama(MetadataDialect.HUGGING_FACE).state("use_scaled_rope", true);
    Model model = model(source);
    assertEquals(8, model.config().ropeScaling().factor());
    assertEquals("rope_scaling", only(model).subject());
    Model stated = model(source.state("rope_scaling_factor", 32L));
    assertEquals(32, stated.config().ropeScaling().factor());
    assertEquals(8192, stated.config().ropeScaling().originalContext());
    assertEquals(List.of(), stated.findings());
  }
}
